import { createStore } from '@/lib/create-store'
import { parseId, type ShopId } from '@/lib/shop-id'

/**
 * Who shops: a user, or a guest; `undecided` on the first visit, until one is chosen. Ids of text are marked, so that
 * none is taken for another word.
 */
export type Shopper = number | `#${string}` | 'guest' | 'undecided'

export const shopperStore = createStore<Shopper>('31ie.shopper', (stored) =>
  stored === 'guest' || Number.isSafeInteger(stored) || isMarked(stored) ? (stored as Shopper) : 'undecided',
)

/** Lets a link name the shopper (`/?shopper=12`). It is asked once: a reload keeps whoever was chosen since. */
export function takeShopperFromAddress(): void {
  const address = new URL(window.location.href)
  const asked = address.searchParams.get('shopper') ?? ''
  if (asked === '') return
  address.searchParams.delete('shopper')
  window.history.replaceState(window.history.state, '', address)
  shopperStore.set(toShopper(asked))
}

/** The same shopper for the same spelling, wherever the id comes from. */
export function toShopper(userId: ShopId): Shopper {
  const id = parseId(String(userId))
  return typeof id === 'number' ? id : `#${id}`
}

/** The id as the API takes it: absent for a guest. */
export function toUserId(shopper: Shopper): ShopId | undefined {
  if (typeof shopper === 'number') return shopper
  return isMarked(shopper) ? shopper.slice(1) : undefined
}

function isMarked(shopper: unknown): shopper is `#${string}` {
  return typeof shopper === 'string' && shopper.startsWith('#')
}
