import { ProductCard, type ListedProduct } from './product-card'
import { Skeleton } from './ui/skeleton'
import { useMessages } from '@/i18n/use-messages'
import type { Provenance } from '@/lib/api/provenance'
import { toSource } from '@/lib/tracking/source'

const GRID = 'grid grid-cols-2 gap-3 sm:grid-cols-3 sm:gap-4 md:grid-cols-4 lg:grid-cols-5 xl:grid-cols-6'
const IN_VIEW_AT_FIRST = 6

interface ProductGridProps {
  products: ListedProduct[]
  provenance: Provenance
  label: string
  heading?: 'h2' | 'h3'
}

/** Two columns on a phone, six on a desk. */
export function ProductGrid({ products, provenance, label, heading = 'h2' }: ProductGridProps) {
  return (
    <ul className={GRID} aria-label={label}>
      {products.map((product, position) => (
        <li key={product.product_id} className="grid">
          <ProductCard
            product={product}
            source={toSource(provenance, position)}
            isEager={position < IN_VIEW_AT_FIRST}
            heading={heading}
          />
        </li>
      ))}
    </ul>
  )
}

/** The grid before its products are there: as many cards, of the same size. */
export function ProductGridSkeleton({ count = 12 }: { count?: number }) {
  const m = useMessages()
  return (
    <div className={GRID} role="status" aria-label={m.shop.loading}>
      {Array.from({ length: count }, (_, index) => (
        <CardSkeleton key={index} />
      ))}
    </div>
  )
}

/** A card before its product is there. */
export function CardSkeleton() {
  return (
    <div className="overflow-hidden rounded-card border bg-card">
      <Skeleton className="aspect-square" />
      <div className="flex flex-col gap-1 p-3">
        <Skeleton className="h-4 w-1/3 rounded-md" />
        <Skeleton className="h-10 w-full rounded-md" />
        <Skeleton className="h-9 w-1/2 rounded-md" />
      </div>
    </div>
  )
}
