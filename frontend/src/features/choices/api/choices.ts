import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { justMadeStore } from '../just-made'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'
import { renewAnswers } from '@/lib/query-client'
import { toPathId, type ShopId } from '@/lib/shop-id'

type Schemas = components['schemas']

/** What a shopper chose about their recommendations, the newest first. */
export function choicesQuery(userId: ShopId) {
  return queryOptions({
    queryKey: ['choices', userId],
    queryFn: async ({ signal }) => {
      const params = { path: { user_id: toPathId(userId) } }
      return (await unpack(api.GET('/users/{user_id}/choices', { params, signal }))).data.choices
    },
  })
}

/** Makes a choice. Every list is then asked anew: what was refused is on none of them. */
export function useMakeChoice(userId: ShopId) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: async (body: Schemas['NewChoice']) => {
      const params = { path: { user_id: toPathId(userId) } }
      return (await unpack(api.POST('/users/{user_id}/choices', { params, body }))).data
    },
    onSuccess: (choice) => {
      if (choice.kind !== 'gift') justMadeStore.set({ choice, userId })
    },
    onSettled: refresh,
  })
}

/** Takes a choice back. */
export function useUndoChoice(userId: ShopId) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: async (choiceId: number) => {
      const params = { path: { user_id: toPathId(userId), choice_id: choiceId } }
      await unpack(api.DELETE('/users/{user_id}/choices/{choice_id}', { params }).then(toNothing))
      return choiceId
    },
    onSuccess: (choiceId) => {
      if (justMadeStore.get()?.choice.choice_id === choiceId) justMadeStore.set(null)
    },
    onSettled: refresh,
  })
}

/** An answer without a body is an answer all the same. */
function toNothing<Outcome extends { response: Response; error?: unknown }>(outcome: Outcome) {
  return { ...outcome, data: outcome.response.ok ? null : undefined }
}

function useRefresh() {
  const client = useQueryClient()
  return () => {
    renewAnswers(client)
  }
}
