import type { components } from '@/lib/api/schema'
import { createMemoryStore } from '@/lib/create-store'
import { isSameId, type ShopId } from '@/lib/shop-id'

type Coupon = components['schemas']['RedeemedCoupon']

/** Coupons that shoppers took off their carts, by shopper, until they order or leave. */
const keptStore = createMemoryStore<Partial<Record<string, Coupon[]>>>({})

export interface KeptCoupons {
  kept: Coupon[]
  /** Takes a coupon off the cart. */
  keepCoupon: (coupon: Coupon) => void
  /** Puts a coupon into the cart again. */
  redeemCoupon: (coupon: Coupon) => void
  /** Leaves all coupons to the next cart. */
  forgetKept: () => void
}

export function useKeptCoupons(userId: ShopId | undefined): KeptCoupons {
  const shopper = String(userId)
  const kept = keptStore.use()[shopper] ?? []
  const keep = (coupons: Coupon[]) => {
    keptStore.set({ ...keptStore.get(), [shopper]: coupons })
  }
  return {
    kept,
    keepCoupon: (coupon) => {
      keep([...kept, coupon])
    },
    redeemCoupon: ({ coupon_id: id }) => {
      keep(kept.filter((each) => !isSameId(each.coupon_id, id)))
    },
    forgetKept: () => {
      keep([])
    },
  }
}
