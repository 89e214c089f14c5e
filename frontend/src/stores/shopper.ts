import { createStore } from '@/lib/create-store'

/** Who shops: a user's id, or a guest; `undecided` on the first visit, until one is chosen. */
export type Shopper = number | 'guest' | 'undecided'

/** A link may name the shopper (`/?shopper=12`); else it is who it was at the last visit. */
export const shopperStore = createStore<Shopper>('31ie.shopper', (stored) => {
  const asked = new URLSearchParams(window.location.search).get('shopper')
  if (asked !== null && /^\d{1,15}$/.test(asked)) return Number(asked)
  return stored === 'guest' || Number.isSafeInteger(stored) ? (stored as Shopper) : 'undecided'
})

/** The id as the API takes it: absent for a guest. */
export function toUserId(shopper: Shopper): number | undefined {
  return typeof shopper === 'number' ? shopper : undefined
}
