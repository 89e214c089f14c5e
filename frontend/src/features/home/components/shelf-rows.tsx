import type { Shelf } from '@/api/get-shelves'
import { ProductCard } from '@/components/product-card'
import { ProductRow } from '@/components/product-row'
import { useMessages } from '@/i18n/use-messages'
import type { Provenance } from '@/lib/api/provenance'
import { toSource } from '@/lib/tracking/source'

const IN_VIEW_AT_FIRST = 6

/** A page by intent, one row each. */
export function ShelfRows({ shelves, provenance }: { shelves: Shelf[]; provenance: Provenance }) {
  const words = useShelfWords()
  return (
    <div className="flex flex-col gap-6 sm:gap-8">
      {shelves.map((shelf, index) => {
        const title = words(shelf)
        return (
          <ProductRow key={`${shelf.code} ${String(shelf.facts.product_id)}`} title={title}>
            {shelf.products.map((product, position) => (
              <ProductCard
                key={product.product_id}
                product={product}
                source={toSource(provenance, position, shelf)}
                isEager={index === 0 && position < IN_VIEW_AT_FIRST}
                heading="h3"
              />
            ))}
          </ProductRow>
        )
      })}
    </div>
  )
}

/** Names a shelf in the chosen language, quoting the purchase that it goes with. */
function useShelfWords(): (shelf: Shelf) => string {
  const m = useMessages()
  const plain: Record<string, string> & { other: string } = m.shelves
  return ({ code, facts }) =>
    facts.title ? m.shelvesQuoting.becauseYouBought(facts.title) : (plain[code] ?? plain.other)
}
