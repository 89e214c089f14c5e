import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from 'react-router'
import { PRODUCTS_AT_ONCE, searchQuery } from '../api/get-search'
import { isNarrowed, SORTS, toSearchPath, type Search } from '../search-address'
import { SearchFacets } from './search-facets'
import { ErrorNotice } from '@/components/error-notice'
import { Notice } from '@/components/notice'
import { ProductGrid, ProductGridSkeleton } from '@/components/product-grid'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { useFormats } from '@/lib/format'
import { shopperStore } from '@/stores/shopper'

/** What a search found: how much, in which order, what to narrow it to, and a page of it. */
export function SearchResults({ search }: { search: Search }) {
  const m = useMessages()
  const formats = useFormats()
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(searchQuery(search, shopperStore.use()))
  if (!data) return error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : <ProductGridSkeleton />
  if (data.total === 0 && !isNarrowed(search)) return <Notice title={m.catalogue.nothingFound(search.query)} />
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p role="status" className="text-sm text-muted-foreground">
          {data.corrected_query !== null && <>{m.search.corrected(data.corrected_query)} </>}
          {m.search.total(formats.number(data.total), data.is_total_exact)}
        </p>
        <label className="flex items-center gap-2 text-sm">
          {m.search.sort}
          <select
            value={search.sort}
            onChange={({ target }) => {
              const sort = SORTS.find((each) => each === target.value)
              void navigate(toSearchPath({ ...search, sort, page: 1 }))
            }}
            className="h-9 rounded-full border bg-card px-3"
          >
            {SORTS.map((sort) => (
              <option key={sort} value={sort}>
                {m.search.sorts[sort]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <SearchFacets search={search} facets={data.facets} />
      {data.products.length > 0 ? (
        <ProductGrid products={data.products} provenance={data.provenance} label={m.catalogue.found(search.query)} />
      ) : (
        <Notice title={m.search.nothingLeft} />
      )}
      <PageLinks search={search} lastPage={Math.ceil(data.total / PRODUCTS_AT_ONCE)} />
    </div>
  )
}

function PageLinks({ search, lastPage }: { search: Search; lastPage: number }) {
  const m = useMessages()
  const { page } = search
  if (lastPage <= 1) return null
  return (
    <nav aria-label={m.search.pages} className="mt-2 flex items-center justify-center gap-4 text-sm">
      {page > 1 && (
        <Button asChild variant="outline">
          <Link to={toSearchPath({ ...search, page: page - 1 })}>{m.search.previousPage}</Link>
        </Button>
      )}
      <span>{m.search.pageOf(page, lastPage)}</span>
      {page < lastPage && (
        <Button asChild variant="outline">
          <Link to={toSearchPath({ ...search, page: page + 1 })}>{m.search.nextPage}</Link>
        </Button>
      )}
    </nav>
  )
}
