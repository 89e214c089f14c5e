import { queryOptions, useQuery } from '@tanstack/react-query'
import { ApiError } from '@/lib/api/api-error'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'
import { toShopper } from '@/stores/shopper'
import { tokensStore } from '@/stores/tokens'

const FIVE_MINUTES_MS = 300_000
const NOT_FOUND = 404

/**
 * Shoppers of different kinds, to act as in a demonstration; null where the shop lets nobody choose who they are.
 * Where tokens are asked for, they come along.
 */
export const shoppersQuery = queryOptions({
  queryKey: ['shoppers'],
  queryFn: async ({ signal }): Promise<components['schemas']['Shopper'][] | null> => {
    const users = await fetchShoppers(signal)
    const tokens = (users ?? []).flatMap(({ user_id: id, token }) =>
      token === null ? [] : [[String(toShopper(id)), token]],
    )
    if (tokens.length > 0) tokensStore.set(Object.fromEntries(tokens) as Record<string, string>)
    return users
  },
  staleTime: FIVE_MINUTES_MS,
})

/** Whether visitors may act as any shopper; yes until the API has said no. */
export function useMayChooseShopper(): boolean {
  return useQuery(shoppersQuery).data !== null
}

async function fetchShoppers(signal: AbortSignal) {
  try {
    return (await unpack(api.GET('/users', { signal }))).data.users
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return null
    throw error
  }
}
