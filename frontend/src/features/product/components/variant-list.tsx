import { useState } from 'react'
import { Link } from 'react-router'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'
import { toProductPath } from '@/lib/shop-id'

const SHOWN_AT_FIRST = 6

/** The other products of a family, each a way to its own page. */
export function VariantList({ variants }: { variants: components['schemas']['ListedVariant'][] }) {
  const m = useMessages()
  const formats = useFormats()
  const [isOpen, setIsOpen] = useState(false)
  if (variants.length === 0) return null
  const shown = isOpen ? variants : variants.slice(0, SHOWN_AT_FIRST)
  return (
    <section aria-labelledby="variants-title" className="flex flex-col gap-2 border-t pt-4">
      <h2 id="variants-title" className="text-sm font-bold">
        {m.product.variants}
      </h2>
      <ul className="flex max-h-72 flex-col gap-1 overflow-y-auto">
        {shown.map((variant) => (
          <li key={variant.product_id}>
            <Link
              to={toProductPath(variant.product_id)}
              className="grid min-h-11 grid-cols-[1fr_auto] items-center gap-x-4 rounded-lg border px-3 py-2 text-sm hover:border-primary"
            >
              <span>
                <bdi>{variant.title}</bdi>
                {variant.size && !variant.title.includes(variant.size) && (
                  <span className="ms-2 text-muted-foreground">
                    <bdi>{variant.size}</bdi>
                  </span>
                )}
              </span>
              <span className="font-bold tabular-nums">{formats.price(variant.price)}</span>
            </Link>
          </li>
        ))}
      </ul>
      {shown.length < variants.length && (
        <Button
          variant="outline"
          className="w-fit"
          onClick={() => {
            setIsOpen(true)
          }}
        >
          {m.product.allVariants(variants.length)}
        </Button>
      )}
    </section>
  )
}
