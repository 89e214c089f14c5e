import { readSearch, toSearchPath } from './search-address'

const read = (path: string) => readSearch(new URLSearchParams(path.split('?')[1]))

test('what is as it is without being said is not in the address', () => {
  expect(toSearchPath({ query: 'ice cream', sort: 'relevance', page: 1, withCoupon: false })).toBe(
    '/search?query=ice+cream',
  )
})

test('a search is the same after it was an address', () => {
  const search = {
    query: 'a&b',
    categoryId: '0012',
    brand: 'M&M',
    minPrice: 1.5,
    maxPrice: 3,
    withCoupon: true,
    sort: 'price_up',
    page: 3,
  } as const

  expect(read(toSearchPath(search))).toEqual(search)
})

test.each(['page=0', 'page=x', 'page=1e9', 'sort=worst', 'from=-1', 'below=dear', 'from=', 'coupon=2'])(
  '%s in an address counts for nothing',
  (part) => {
    expect(read(`/search?query=a&${part}`)).toEqual(read('/search?query=a'))
  },
)
