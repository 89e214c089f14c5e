import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'
import { forgetAnswers, renewAnswers } from '@/lib/query-client'

/**
 * Orders a cart. What was recommended, in stock and ordered before it is then forgotten; after a refusal it is asked
 * anew, since that tells that what the shopper sees is old.
 */
export function usePostOrder(onOrdered: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (body: components['schemas']['Checkout']) => (await unpack(api.POST('/orders', { body }))).data,
    onSuccess: onOrdered,
    onSettled: (_, error) => {
      if (error) renewAnswers(client)
      else forgetAnswers(client)
    },
  })
}
