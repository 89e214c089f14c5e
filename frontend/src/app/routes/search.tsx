import { useSearchParams } from 'react-router'
import { PageTitle } from '../page-title'
import { Breadcrumbs } from '@/components/breadcrumbs'
import { SearchResults } from '@/features/search/components/search-results'
import { readSearch } from '@/features/search/search-address'
import { useMessages } from '@/i18n/use-messages'

export function SearchPage() {
  const m = useMessages()
  const [params] = useSearchParams()
  const search = readSearch(params)
  const title = search.query ? m.catalogue.found(search.query) : m.search.nothingAsked
  return (
    <>
      <Breadcrumbs here={title} />
      <PageTitle>{title}</PageTitle>
      {search.query && <SearchResults key={search.query} search={search} />}
    </>
  )
}
