import { clsx } from 'clsx'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Facets } from '../api/get-search'
import { isNarrowed, toSearchPath, type Search } from '../search-address'
import { useCategoryName } from '@/i18n/use-category-name'
import { useMessages } from '@/i18n/use-messages'
import { useFormats } from '@/lib/format'
import { isSameId, type ShopId } from '@/lib/shop-id'

const MOST_BRANDS = 8

interface SearchFacetsProps {
  search: Search
  facets: Facets
}

/** What a search can be narrowed to, with counts: rows that scroll on a phone. A choice is taken back by choosing it again. */
export function SearchFacets({ search, facets }: SearchFacetsProps) {
  const m = useMessages()
  const formats = useFormats()
  const brands = facets.brands.filter(({ brand }, place) => place < MOST_BRANDS || brand === search.brand)
  const price = (amount: number | null) => (amount === null ? undefined : formats.price(amount))
  return (
    <section aria-label={m.search.narrow} className="flex flex-col gap-2 text-sm">
      <Facet name={m.navigation.categories}>
        {facets.categories.map(({ category_id: categoryId, num_products: count }) => {
          const isChosen = isSameId(categoryId, search.categoryId)
          const to = { ...search, page: 1, categoryId: isChosen ? undefined : categoryId }
          return (
            <Choice key={categoryId} to={to} isChosen={isChosen} count={count}>
              <CategoryName categoryId={categoryId} />
            </Choice>
          )
        })}
      </Facet>
      <Facet name={m.product.brand}>
        {brands.map(({ brand, num_products: count }) => {
          const isChosen = brand === search.brand
          const to = { ...search, page: 1, brand: isChosen ? undefined : brand }
          return (
            <Choice key={brand} to={to} isChosen={isChosen} count={count}>
              {brand}
            </Choice>
          )
        })}
      </Facet>
      <Facet name={m.search.price}>
        {facets.prices.map(({ min_price: low, max_price: high, num_products: count }) => {
          const [minPrice, maxPrice] = [low ?? undefined, high ?? undefined]
          const isChosen = search.minPrice === minPrice && search.maxPrice === maxPrice
          const to = { ...search, page: 1, ...(isChosen ? ANY_PRICE : { minPrice, maxPrice }) }
          return (
            <Choice key={low} to={to} isChosen={isChosen} count={count}>
              {m.search.priceBand(price(low), price(high))}
            </Choice>
          )
        })}
      </Facet>
      {(facets.num_with_coupon > 0 || search.withCoupon) && (
        <Facet name={m.search.coupon}>
          <Choice
            to={{ ...search, page: 1, withCoupon: !search.withCoupon }}
            isChosen={search.withCoupon}
            count={facets.num_with_coupon}
          >
            {m.search.withCoupon}
          </Choice>
        </Facet>
      )}
      {isNarrowed(search) && (
        <Link to={toSearchPath({ query: search.query, sort: search.sort })} className="self-start underline">
          {m.search.widen}
        </Link>
      )}
    </section>
  )
}

const ANY_PRICE = { minPrice: undefined, maxPrice: undefined }

function CategoryName({ categoryId }: { categoryId: ShopId }) {
  return useCategoryName(categoryId)
}

function Facet({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div role="group" aria-label={name} className="flex items-baseline gap-2">
      <span aria-hidden className="w-20 shrink-0 font-semibold">
        {name}
      </span>
      <ul className="flex min-w-0 gap-1.5 max-sm:overflow-x-auto max-sm:p-1 max-sm:[scrollbar-width:none] sm:flex-wrap">
        {children}
      </ul>
    </div>
  )
}

interface ChoiceProps {
  to: Search
  isChosen: boolean
  count: number
  children: ReactNode
}

function Choice({ to, isChosen, count, children }: ChoiceProps) {
  const { number } = useFormats()
  return (
    <li>
      <Link
        to={toSearchPath(to)}
        aria-current={isChosen || undefined}
        className={clsx(
          'inline-flex min-h-8 items-center gap-1.5 rounded-full border px-3 whitespace-nowrap',
          isChosen ? 'border-primary bg-accent font-semibold text-accent-foreground' : 'bg-card hover:bg-muted',
        )}
      >
        <bdi>{children}</bdi>
        <span className="text-muted-foreground">{number(count)}</span>
      </Link>
    </li>
  )
}
