import { clsx } from 'clsx'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'

interface ProductPriceProps {
  product: Pick<components['schemas']['ListedProduct'], 'price' | 'regular_price' | 'unit_price'>
  /** How the price itself is set. */
  className: string
}

/** What a product costs; where that is reduced, also what it costs otherwise, and what a unit of it costs. */
export function ProductPrice({ product, className }: ProductPriceProps) {
  const m = useMessages()
  const formats = useFormats()
  const { price, regular_price: regular, unit_price: unit } = product
  return (
    <div className="flex min-w-0 flex-col">
      <p className="flex flex-wrap items-baseline gap-x-1.5">
        <span className={clsx('tabular-nums', className)}>{formats.price(price)}</span>
        {regular && (
          <span className="text-xs text-muted-foreground">
            <span className="sr-only">{m.product.regularPrice} </span>
            <s className="tabular-nums">{formats.price(regular)}</s>
          </span>
        )}
      </p>
      {unit && (
        <p className="text-xs leading-4 text-muted-foreground tabular-nums">
          {m.product.unitPrice(formats.unitPrice(unit.price), unit.quantity, unit.unit)}
        </p>
      )}
    </div>
  )
}
