import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import { toPathId, type ShopId } from '@/lib/shop-id'

const SIMILAR_PRODUCTS = 12

/** What goes with a product, and what can be bought instead. */
export function similarQuery(productId: ShopId) {
  return queryOptions({
    queryKey: ['similar', String(productId)],
    queryFn: async ({ signal }) => {
      const params = { path: { product_id: toPathId(productId) }, query: { limit: SIMILAR_PRODUCTS } }
      const { data, headers } = await unpack(api.GET('/products/{product_id}/similar', { params, signal }))
      return { ...data, provenance: readProvenance(headers) }
    },
  })
}
