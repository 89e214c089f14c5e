import { QueryClient, type Query } from '@tanstack/react-query'
import { ApiError } from './api/api-error'
import { LOOK_AGAIN_MS } from './load-part'

const RETRY_AFTER_MS = 400

/** Fails soon and says so, then looks again by itself until the API is back. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) => isWorthRetrying(error) && failures < 1,
        retryDelay: RETRY_AFTER_MS,
        refetchOnWindowFocus: false,
        refetchInterval: lookAgainAfterFailure,
      },
    },
  })
}

/** How often a query asks again by itself: only after a failure that may pass. */
export function lookAgainAfterFailure({ state }: { state: { status: string; error: unknown } }): number | false {
  return state.status === 'error' && isWorthRetrying(state.error) ? LOOK_AGAIN_MS : false
}

/** An answer that names our mistake (4xx) would be the same the next time. */
function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof ApiError && error.status >= 400 && error.status < 500)
}

/** Asks anew for what is on the page, and forgets all else: no page opens with what was true before. */
export function renewAnswers(client: QueryClient): void {
  client.removeQueries({ type: 'inactive' })
  void client.invalidateQueries()
}

/** Forgets what was said of the shopper and the products, on the page or not: nothing shows what was true before. */
export function forgetAnswers(client: QueryClient): void {
  const isOfTheShop = ({ queryKey }: Query) => queryKey[0] === 'storefront' || queryKey[0] === 'shoppers'
  void client.invalidateQueries({ predicate: isOfTheShop })
  void client.resetQueries({ predicate: (query) => !isOfTheShop(query) })
}
