import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import { type ShopId } from '@/lib/shop-id'

const PRODUCTS_IN_THE_ROW = 12

/** What goes with the products of a cart, for a shopper or a guest. */
export function companionsQuery(userId: ShopId | undefined, productIds: ShopId[]) {
  return queryOptions({
    queryKey: ['companions', userId ?? 'guest', productIds],
    queryFn: async ({ signal }) => {
      const body = { user_id: userId ?? null, product_ids: productIds, limit: PRODUCTS_IN_THE_ROW }
      const { data, headers } = await unpack(api.POST('/recommendations/cart', { body, signal }))
      return { products: data.products, provenance: readProvenance(headers) }
    },
  })
}
