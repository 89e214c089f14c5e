import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'

/**
 * Orders a cart. What is recommended, in stock and ordered so far is then asked anew; also after a refusal, since it
 * tells that what the shopper sees is old.
 */
export function usePostOrder(onOrdered: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (body: components['schemas']['Checkout']) => (await unpack(api.POST('/orders', { body }))).data,
    onSuccess: onOrdered,
    onSettled: () => client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'categories' }),
  })
}
