import { consentStore } from './consent'
import { shopperStore } from './shopper'
import { createStore } from '@/lib/create-store'
import { isSameId, type ShopId } from '@/lib/shop-id'

const KEPT = 12

/** What each shopper of this browser looked at, the latest first. It never leaves the browser. */
const viewedStore = createStore<Partial<Record<string, ShopId[]>>>('31ie.viewed', (stored) =>
  typeof stored === 'object' && stored !== null ? stored : {},
)

consentStore.subscribe(() => {
  if (consentStore.get() === 'declined') viewedStore.set({})
})

/** Remembers that a product's page was opened; a shopper who declines leaves no trace here either. */
export function noteViewed(productId: ShopId): void {
  if (consentStore.get() === 'declined') return
  const shopper = String(shopperStore.get())
  const viewed = viewedStore.get()
  const others = (viewed[shopper] ?? []).filter((each) => !isSameId(each, productId))
  viewedStore.set({ ...viewed, [shopper]: [productId, ...others].slice(0, KEPT) })
}

export function useViewed(): ShopId[] {
  return viewedStore.use()[String(shopperStore.use())] ?? []
}
