import { useSearchParams } from 'react-router'
import { PageTitle } from '../page-title'
import { ProductShelf } from '@/features/catalogue/components/product-shelf'
import { useMessages } from '@/i18n/use-messages'

export function SearchPage() {
  const m = useMessages()
  const [params] = useSearchParams()
  const query = (params.get('query') ?? '').slice(0, 100)
  return (
    <>
      <PageTitle>{m.catalogue.found(query)}</PageTitle>
      <ProductShelf
        key={query}
        query={query}
        label={m.catalogue.found(query)}
        emptyText={m.catalogue.nothingFound(query)}
      />
    </>
  )
}
