import { useQuery } from '@tanstack/react-query'
import { similarQuery } from '../api/get-similar'
import { ProductCard, type ListedProduct } from '@/components/product-card'
import { ProductRow, ProductRowSkeleton } from '@/components/product-row'
import { useMessages } from '@/i18n/use-messages'
import { type ShopId } from '@/lib/shop-id'
import { toSource } from '@/lib/tracking/source'
import { shopperStore, toUserId } from '@/stores/shopper'

/**
 * What goes well with a product, and what can be bought instead; one list where neither is known. A part of the page
 * that may be missing, so it fails in silence.
 */
export function SimilarProducts({ productId }: { productId: ShopId }) {
  const m = useMessages()
  const { data, isError } = useQuery(similarQuery(productId, toUserId(shopperStore.use())))
  if (isError) return null
  if (!data) return <ProductRowSkeleton />
  const { complements, substitutes, products, provenance } = data
  const row = (title: string, shown: ListedProduct[], first = 0) =>
    shown.length > 0 && (
      <ProductRow title={title}>
        {shown.map((product, position) => (
          <ProductCard
            key={product.product_id}
            product={product}
            source={toSource(provenance, first + position)}
            heading="h3"
          />
        ))}
      </ProductRow>
    )
  return (
    <>
      {row(m.product.complements, complements)}
      {row(m.product.substitutes, substitutes, complements.length)}
      {complements.length + substitutes.length === 0 && row(m.product.similar, products)}
    </>
  )
}
