import type { QueryClient } from '@tanstack/react-query'
import { shoppersQuery } from '@/api/get-shoppers'
import { ApiError } from '@/lib/api/api-error'
import { shopperStore } from '@/stores/shopper'
import { authorize } from '@/stores/tokens'

/** Has new tokens fetched when an answer says that the shopper's is missing or too old; who gets none is a guest. */
export function renewTokenOnRefusal(client: QueryClient): () => void {
  return client.getQueryCache().subscribe(({ type, query }) => {
    const error: unknown = query.state.error
    const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403)
    if (type === 'updated' && isRefused && client.isFetching(shoppersQuery) === 0) void renewToken(client)
  })
}

async function renewToken(client: QueryClient): Promise<void> {
  const refused = authorize().Authorization
  await client.query({ ...shoppersQuery, staleTime: 0 }).catch(() => [])
  const renewed = authorize().Authorization
  if (renewed === undefined || renewed === refused) shopperStore.set('guest')
  else await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'shoppers' })
}
