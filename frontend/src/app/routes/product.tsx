import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useLocation, useParams } from 'react-router'
import { CardMenus } from '../card-menus'
import { useDocumentTitle } from '../page-title'
import { productQuery } from '@/api/get-product'
import { ErrorNotice } from '@/components/error-notice'
import { Notice } from '@/components/notice'
import { ProductView } from '@/features/product/components/product-view'
import { ProductViewSkeleton } from '@/features/product/components/product-view-skeleton'
import { ReviewList } from '@/features/product/components/review-list'
import { SimilarProducts } from '@/features/product/components/similar-products'
import { RecentlyViewed } from '@/features/viewed/components/recently-viewed'
import { useMessages } from '@/i18n/use-messages'
import { ApiError } from '@/lib/api/api-error'
import { parsePathId } from '@/lib/shop-id'
import { toSource, type Source } from '@/lib/tracking/source'
import { noteViewed } from '@/stores/recently-viewed'
import { shopperStore, toUserId } from '@/stores/shopper'

export function ProductPage() {
  const m = useMessages()
  const productId = parsePathId(useParams().productId ?? '')
  const cameFrom = (useLocation().state as { source?: Source } | null)?.source
  const { data, error, refetch } = useQuery(productQuery(productId, toUserId(shopperStore.use())))
  const isMissing = error instanceof ApiError && (error.status === 404 || error.status === 422)
  const found = data?.product.product_id
  useEffect(() => {
    if (found !== undefined) noteViewed(found)
  }, [found])
  useDocumentTitle(isMissing ? m.product.missing : data?.product.title)
  if (isMissing) return <Notice title={m.product.missing} isPage />
  if (!data) return error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : <ProductViewSkeleton />
  return (
    <div className="flex flex-col gap-12">
      <ProductView key={productId} product={data.product} source={cameFrom ?? toSource(data.provenance, null)} />
      <CardMenus>
        <SimilarProducts productId={productId} />
      </CardMenus>
      <ReviewList product={data.product} />
      <RecentlyViewed except={productId} />
    </div>
  )
}
