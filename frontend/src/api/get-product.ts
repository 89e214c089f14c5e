import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import { toPathId, type ShopId } from '@/lib/shop-id'

/** A product with its reviews, and the coupons that the shopper holds for it. */
export function productQuery(productId: ShopId, userId: ShopId | undefined) {
  return queryOptions({
    queryKey: ['product', String(productId), userId ?? 'guest'],
    queryFn: async ({ signal }) => {
      const params = { path: { product_id: toPathId(productId) }, query: { user_id: userId } }
      const { data, headers } = await unpack(api.GET('/products/{product_id}', { params, signal }))
      return { product: data, provenance: readProvenance(headers) }
    },
  })
}
