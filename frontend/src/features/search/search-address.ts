import { parseId, type ShopId } from '@/lib/shop-id'

export const SORTS = ['relevance', 'popularity', 'price_up', 'price_down'] as const
export type Sort = (typeof SORTS)[number]

/** What is searched, narrowed to and shown: all of it stands in the address. */
export interface Search {
  query: string
  categoryId?: ShopId
  brand?: string
  minPrice?: number
  maxPrice?: number
  withCoupon: boolean
  sort: Sort
  page: number
}

const LONGEST_QUERY = 100
const LAST_PAGE = 400

export function readSearch(params: URLSearchParams): Search {
  const sort = SORTS.find((each) => each === params.get('sort'))
  const page = Number(params.get('page') ?? 1)
  return {
    query: (params.get('query') ?? '').trim().slice(0, LONGEST_QUERY),
    categoryId: params.has('category') ? parseId(params.get('category') ?? '') : undefined,
    brand: params.get('brand') ?? undefined,
    minPrice: readPrice(params.get('from')),
    maxPrice: readPrice(params.get('below')),
    withCoupon: params.get('coupon') === '1',
    sort: sort ?? 'relevance',
    page: Number.isInteger(page) && page >= 1 && page <= LAST_PAGE ? page : 1,
  }
}

/** The address of a search; what is as it is without being said is left out. */
export function toSearchPath(search: Partial<Search> & { query: string }): string {
  const said: Record<string, ShopId | undefined> = {
    query: search.query,
    category: search.categoryId,
    brand: search.brand,
    from: search.minPrice,
    below: search.maxPrice,
    coupon: search.withCoupon ? '1' : undefined,
    sort: search.sort === 'relevance' ? undefined : search.sort,
    page: search.page === 1 ? undefined : search.page,
  }
  const entries = Object.entries(said).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return `/search?${new URLSearchParams(entries)}`
}

export function isNarrowed({ categoryId, brand, minPrice, maxPrice, withCoupon }: Search): boolean {
  return withCoupon || [categoryId, brand, minPrice, maxPrice].some((each) => each !== undefined)
}

function readPrice(text: string | null): number | undefined {
  const price = text === null || text === '' ? NaN : Number(text)
  return Number.isFinite(price) && price >= 0 ? price : undefined
}
