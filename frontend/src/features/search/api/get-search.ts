import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Search } from '../search-address'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import type { components } from '@/lib/api/schema'
import { toUserId, type Shopper } from '@/stores/shopper'

export type Facets = components['schemas']['SearchFacets']

export const PRODUCTS_AT_ONCE = 24

/** One page of what a search finds. */
export function searchQuery(search: Search, shopper: Shopper) {
  const userId = toUserId(shopper)
  return queryOptions({
    queryKey: ['search', search, userId],
    queryFn: async ({ signal }) => {
      const query = {
        query: search.query,
        category_id: search.categoryId,
        brand: search.brand,
        min_price: search.minPrice,
        max_price: search.maxPrice,
        with_coupon: search.withCoupon || undefined,
        sort: search.sort,
        offset: (search.page - 1) * PRODUCTS_AT_ONCE,
        limit: PRODUCTS_AT_ONCE,
        user_id: userId,
      }
      const { data, headers } = await unpack(api.GET('/catalogue/search', { params: { query }, signal }))
      return { ...data, provenance: readProvenance(headers) }
    },
    placeholderData: keepPreviousData,
  })
}
