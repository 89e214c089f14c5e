import type { QueryClient } from '@tanstack/react-query'
import { shoppersQuery } from '@/api/get-shoppers'
import { ApiError } from '@/lib/api/api-error'
import { shopperStore } from '@/stores/shopper'
import { authorize } from '@/stores/tokens'

const REFUSALS = [401, 403]
const MALFORMED = 422

/** Begins the keys of what the merchant's people ask for, by a password and no shopper's token. */
const ADMIN = 'admin'

/**
 * Has new tokens fetched when an answer says that the shopper's is missing or too old. Who gets none is a guest, and so
 * is who came by a link with an id that no shopper of this shop can have.
 */
export function renewTokenOnRefusal(client: QueryClient): () => void {
  let isRenewing = false
  return client.getQueryCache().subscribe(({ type, query }) => {
    const error: unknown = query.state.error
    if (type !== 'updated' || !(error instanceof ApiError)) return
    const [asked] = query.queryKey as unknown[]
    if (asked === ADMIN) return
    if (error.status === MALFORMED && asked === 'home') shopperStore.set('guest')
    if (!REFUSALS.includes(error.status) || isRenewing) return
    isRenewing = true
    void renewToken(client, error.authorization).finally(() => {
      isRenewing = false
    })
  })
}

/**
 * Waits for the tokens that are on their way, if they are: on a first visit the page asks for both at once, and either
 * may be answered first.
 */
async function renewToken(client: QueryClient, refused: string | null): Promise<void> {
  const known = () => authorize().Authorization ?? null
  if (known() === refused) await client.query({ ...shoppersQuery, staleTime: 0 }).catch(() => [])
  if (known() === null || known() === refused) shopperStore.set('guest')
  else await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'shoppers' })
}
