import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import { toPathId, type ShopId } from '@/lib/shop-id'

const SIMILAR_PRODUCTS = 12

/** What goes with a product, and what can be bought instead; without what the shopper refuses. */
export function similarQuery(productId: ShopId, userId: ShopId | undefined) {
  return queryOptions({
    queryKey: ['similar', String(productId), userId],
    queryFn: async ({ signal }) => {
      const query = { limit: SIMILAR_PRODUCTS, user_id: userId }
      const params = { path: { product_id: toPathId(productId) }, query }
      const { data, headers } = await unpack(api.GET('/products/{product_id}/similar', { params, signal }))
      return { ...data, provenance: readProvenance(headers) }
    },
  })
}
