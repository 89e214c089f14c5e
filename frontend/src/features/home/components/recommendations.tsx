import { type HomePageContent, useHomePage } from '../use-home-page'
import { BackstagePanel } from './backstage-panel'
import { ShelfRows } from './shelf-rows'
import { useMayChooseShopper } from '@/api/get-shoppers'
import { ErrorNotice } from '@/components/error-notice'
import { Notice } from '@/components/notice'
import { ProductGrid } from '@/components/product-grid'
import { ProductRowSkeleton } from '@/components/product-row'
import { Skeleton } from '@/components/ui/skeleton'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore, toUserId } from '@/stores/shopper'

/** The products that suit the shopper, under their name. */
export function Recommendations() {
  const m = useMessages()
  const userId = toUserId(shopperStore.use())
  const { page, error, retry } = useHomePage()
  const mayChoose = useMayChooseShopper()
  const title = page?.nickname ? m.home.forShopper(page.nickname) : m.home.forEveryone
  const subtitle = ({ nickname, isMakeshift }: HomePageContent) => {
    if (nickname) return m.home.personal
    if (isMakeshift && userId !== undefined) return m.home.makeshift
    return mayChoose ? m.home.general : m.home.signedOut
  }
  const isPending = !page && !error
  return (
    <section
      id="recommendations"
      aria-labelledby="recommendations-title"
      aria-busy={isPending}
      className="scroll-mt-28"
    >
      <div className="mb-4 flex min-h-14 flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <div>
          <h1 id="recommendations-title" className="min-h-8 text-xl font-extrabold tracking-tight sm:text-2xl">
            {isPending ? <Skeleton className="h-8 w-64 rounded-md" /> : title}
          </h1>
          <p className="min-h-5 text-sm text-muted-foreground">{page && subtitle(page)}</p>
        </div>
        {page && <BackstagePanel provenance={page.provenance} latencyMs={page.latencyMs} mayChoose={mayChoose} />}
      </div>
      {page ? (
        <Content page={page} label={title} />
      ) : error ? (
        <ErrorNotice error={error} onRetry={retry} />
      ) : (
        <Places />
      )}
    </section>
  )
}

function Content({ page: { shelves, products = [], provenance }, label }: { page: HomePageContent; label: string }) {
  const m = useMessages()
  if (shelves) return <ShelfRows shelves={shelves} provenance={provenance} />
  if (products.length === 0) return <Notice title={m.home.empty} />
  return <ProductGrid products={products} provenance={provenance} label={label} />
}

/** Rows whose products are on their way. */
function Places() {
  const m = useMessages()
  return (
    <div role="status" aria-label={m.shop.loading} className="flex flex-col gap-6 sm:gap-8">
      {[1, 2, 3].map((number) => (
        <ProductRowSkeleton key={number} />
      ))}
    </div>
  )
}
