import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { tokensStore } from '@/stores/tokens'

const FIVE_MINUTES_MS = 300_000

/** Shoppers of different kinds, to act as in a demonstration. Where tokens are asked for, they come along. */
export const shoppersQuery = queryOptions({
  queryKey: ['shoppers'],
  queryFn: async ({ signal }) => {
    const { users } = (await unpack(api.GET('/users', { signal }))).data
    const tokens = users.flatMap(({ user_id: id, token }) => (token === null ? [] : [[String(id), token]]))
    if (tokens.length > 0) tokensStore.set(Object.fromEntries(tokens) as Record<string, string>)
    return users
  },
  staleTime: FIVE_MINUTES_MS,
})
