import { infiniteQueryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import { type ShopId } from '@/lib/shop-id'

const PRODUCTS_AT_ONCE = 24

export interface Shelf {
  categoryId?: ShopId
  query?: string
}

/** The products of a category, or those that a search finds, part by part. */
export function productsQuery({ categoryId, query }: Shelf) {
  return infiniteQueryOptions({
    queryKey: ['products', { categoryId, query }],
    queryFn: async ({ signal, pageParam }) => {
      const params = { category_id: categoryId, query, limit: PRODUCTS_AT_ONCE, cursor: pageParam }
      const { data, headers } = await unpack(api.GET('/products', { params: { query: params }, signal }))
      return { ...data, provenance: readProvenance(headers) }
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}
