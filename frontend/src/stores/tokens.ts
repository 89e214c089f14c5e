import { shopperStore, type Shopper } from './shopper'
import { createStore } from '@/lib/create-store'

/** Tokens by shopper, for an API that asks who may act as whom. In development there are none. */
export const tokensStore = createStore<Partial<Record<string, string>>>('31ie.tokens', (stored) =>
  typeof stored === 'object' && stored !== null ? stored : {},
)

/** The header that says who asks; none for a guest, or where no token is known. */
export function authorize(shopper: Shopper = shopperStore.get()): Record<string, string> {
  const token = tokensStore.get()[String(shopper)]
  return token === undefined ? {} : { Authorization: `Bearer ${token}` }
}
