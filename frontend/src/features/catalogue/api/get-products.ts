import { infiniteQueryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import { type ShopId } from '@/lib/shop-id'

const PRODUCTS_AT_ONCE = 24

/** The products of a category, part by part. */
export function productsQuery(categoryId: ShopId) {
  return infiniteQueryOptions({
    queryKey: ['products', categoryId],
    queryFn: async ({ signal, pageParam }) => {
      const params = { category_id: categoryId, limit: PRODUCTS_AT_ONCE, cursor: pageParam }
      const { data, headers } = await unpack(api.GET('/products', { params: { query: params }, signal }))
      return { ...data, provenance: readProvenance(headers) }
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}
