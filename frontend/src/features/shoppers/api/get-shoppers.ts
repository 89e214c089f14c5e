import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'

const FIVE_MINUTES_MS = 300_000

/** Shoppers of different kinds, to act as in a demonstration. */
export const shoppersQuery = queryOptions({
  queryKey: ['shoppers'],
  queryFn: async ({ signal }) => (await unpack(api.GET('/users', { signal }))).data.users,
  staleTime: FIVE_MINUTES_MS,
})
