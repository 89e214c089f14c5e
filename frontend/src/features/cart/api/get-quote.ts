import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { type ShopId } from '@/lib/shop-id'
import type { CartLine } from '@/stores/cart'

/** What the API would charge for a cart right now, and by which coupons; some may be kept for later. A guest has none, and is not asked about. */
export function quoteQuery(userId: ShopId | undefined, lines: CartLine[], keptCouponIds: ShopId[]) {
  const items = lines.map(({ productId, quantity }) => ({ product_id: productId, quantity }))
  return queryOptions({
    queryKey: ['quote', userId, items, keptCouponIds],
    queryFn: async ({ signal }) => {
      const body = { user_id: userId ?? 0, items, without_coupon_ids: keptCouponIds }
      return (await unpack(api.POST('/orders/quote', { body, signal }))).data
    },
    enabled: userId !== undefined && items.length > 0,
    placeholderData: keepPreviousData, // the sum stays where it is while a new one is on its way
  })
}
