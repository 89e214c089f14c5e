import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'

/** What is known of a product, as far as the shop knows it. */
export function ProductFacts({ product }: { product: components['schemas']['ProductDetails'] }) {
  const m = useMessages()
  const facts = [
    [m.product.brand, product.brand],
    [m.product.type, product.product_type],
    [m.product.size, product.size],
  ].filter(([, value]) => value)
  if (facts.length === 0) return null
  return (
    <dl className="mt-2 grid grid-cols-[6rem_1fr] gap-y-2 border-t pt-4 text-sm">
      {facts.map(([term, value]) => (
        <div key={term} className="contents">
          <dt className="text-muted-foreground">{term}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  )
}
