import { createStore } from '@/lib/create-store'

/** Who shops: a user's id, or a guest; `undecided` on the first visit, until one is chosen. */
export type Shopper = number | 'guest' | 'undecided'

export const shopperStore = createStore<Shopper>('31ie.shopper', (stored) =>
  stored === 'guest' || Number.isSafeInteger(stored) ? (stored as Shopper) : 'undecided',
)

/** Lets a link name the shopper (`/?shopper=12`). It is asked once: a reload keeps whoever was chosen since. */
export function takeShopperFromAddress(): void {
  const address = new URL(window.location.href)
  const asked = address.searchParams.get('shopper') ?? ''
  if (!/^\d{1,15}$/.test(asked)) return
  address.searchParams.delete('shopper')
  window.history.replaceState(window.history.state, '', address)
  shopperStore.set(Number(asked))
}

/** The id as the API takes it: absent for a guest. */
export function toUserId(shopper: Shopper): number | undefined {
  return typeof shopper === 'number' ? shopper : undefined
}
