import { useQuery } from '@tanstack/react-query'
import type { ComponentProps } from 'react'
import { BackstagePanel } from './backstage-panel'
import { homeQuery } from '@/api/get-home'
import { shoppersQuery, useMayChooseShopper } from '@/api/get-shoppers'
import { ErrorNotice } from '@/components/error-notice'
import { Notice } from '@/components/notice'
import { ProductGrid, ProductGridSkeleton } from '@/components/product-grid'
import { Skeleton } from '@/components/ui/skeleton'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore, toUserId } from '@/stores/shopper'

const SKELETON_CARDS = 20

/** The products that suit the shopper, under their name. */
export function Recommendations() {
  const m = useMessages()
  const shopper = shopperStore.use()
  const userId = toUserId(shopper)
  const isShopperLate = useQuery(shoppersQuery).isError
  const { data, error, isPending, refetch } = useQuery({
    ...homeQuery(userId),
    enabled: shopper !== 'undecided' || isShopperLate,
  })
  const mayChoose = useMayChooseShopper()
  const title = data?.nickname ? m.home.forShopper(data.nickname) : m.home.forEveryone
  const subtitle = ({ nickname, isMakeshift }: { nickname: string; isMakeshift: boolean }) => {
    if (nickname) return m.home.personal
    if (isMakeshift && userId !== undefined) return m.home.makeshift
    return mayChoose ? m.home.general : m.home.signedOut
  }
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
            {data || error ? title : <Skeleton className="h-8 w-64 rounded-md" />}
          </h1>
          <p className="min-h-5 text-sm text-muted-foreground">{data && subtitle(data)}</p>
        </div>
        {data && <BackstagePanel provenance={data.provenance} latencyMs={data.latencyMs} mayChoose={mayChoose} />}
      </div>
      {data ? (
        <Products products={data.products} provenance={data.provenance} label={title} />
      ) : error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <ProductGridSkeleton count={SKELETON_CARDS} />
      )}
    </section>
  )
}

function Products(props: ComponentProps<typeof ProductGrid>) {
  const m = useMessages()
  return props.products.length > 0 ? <ProductGrid {...props} /> : <Notice title={m.home.empty} />
}
