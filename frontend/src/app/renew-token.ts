import type { QueryClient } from '@tanstack/react-query'
import { shoppersQuery } from '@/api/get-shoppers'
import { ApiError } from '@/lib/api/api-error'
import { shopperStore } from '@/stores/shopper'
import { authorize } from '@/stores/tokens'

/** Has new tokens fetched when an answer says that the shopper's is missing or too old; who gets none is a guest. */
export function renewTokenOnRefusal(client: QueryClient): () => void {
  let isRenewing = false
  return client.getQueryCache().subscribe(({ type, query }) => {
    const error: unknown = query.state.error
    const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403)
    if (type !== 'updated' || !isRefused || isRenewing) return
    isRenewing = true
    void renewToken(client).finally(() => {
      isRenewing = false
    })
  })
}

/** Waits for the tokens that are on their way, if they are: on a first visit the page asks for both at once. */
async function renewToken(client: QueryClient): Promise<void> {
  const refused = authorize().Authorization
  await client.query({ ...shoppersQuery, staleTime: 0 }).catch(() => [])
  const renewed = authorize().Authorization
  if (renewed === undefined || renewed === refused) shopperStore.set('guest')
  else await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'shoppers' })
}
