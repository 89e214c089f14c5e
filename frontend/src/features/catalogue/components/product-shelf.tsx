import { useInfiniteQuery } from '@tanstack/react-query'
import { productsQuery } from '../api/get-products'
import { ErrorNotice } from '@/components/error-notice'
import { Notice } from '@/components/notice'
import { ProductGrid, ProductGridSkeleton } from '@/components/product-grid'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { type ShopId } from '@/lib/shop-id'

interface ProductShelfProps {
  categoryId: ShopId
  label: string
  emptyText: string
}

/** Products of a category, with more of them on demand. */
export function ProductShelf({ categoryId, label, emptyText }: ProductShelfProps) {
  const m = useMessages()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    productsQuery(categoryId),
  )
  if (!data) return error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : <ProductGridSkeleton />
  if (data.pages[0]?.products.length === 0) return <Notice title={emptyText} />
  return (
    <div className="flex flex-col gap-3 sm:gap-4">
      {data.pages.map((page) => (
        <ProductGrid
          key={page.provenance.requestId}
          products={page.products}
          provenance={page.provenance}
          label={label}
        />
      ))}
      {hasNextPage && (
        <Button
          variant="outline"
          size="large"
          className="mx-auto mt-4"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {m.catalogue.more}
        </Button>
      )}
    </div>
  )
}
