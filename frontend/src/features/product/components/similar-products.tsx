import { useQuery } from '@tanstack/react-query'
import { similarQuery } from '../api/get-similar'
import { ProductGrid, ProductGridSkeleton } from '@/components/product-grid'
import { useMessages } from '@/i18n/use-messages'
import { type ShopId } from '@/lib/shop-id'

/** Products that go well with one. A part of the page that may be missing, so it fails in silence. */
export function SimilarProducts({ productId }: { productId: ShopId }) {
  const m = useMessages()
  const { data, isError } = useQuery(similarQuery(productId))
  if (isError || data?.products.length === 0) return null
  return (
    <section aria-labelledby="similar-title">
      <h2 id="similar-title" className="mb-4 text-xl font-bold">
        {m.product.similar}
      </h2>
      {data ? (
        <ProductGrid products={data.products} provenance={data.provenance} label={m.product.similar} heading="h3" />
      ) : (
        <ProductGridSkeleton />
      )}
    </section>
  )
}
