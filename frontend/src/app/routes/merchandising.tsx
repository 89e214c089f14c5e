import { PageTitle } from '../page-title'
import { Merchandising } from '@/features/admin/components/merchandising'
import { useWords } from '@/features/admin/words/use-words'

/** The merchant's rules. No page leads here. */
export function MerchandisingPage() {
  return (
    <>
      <PageTitle>{useWords().title}</PageTitle>
      <Merchandising />
    </>
  )
}
