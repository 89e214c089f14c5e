import { Trash2 } from 'lucide-react'
import { Link } from 'react-router'
import type { LiveCart } from '../use-live-cart'
import { ProductImage } from '@/components/product-image'
import { QuantityStepper } from '@/components/quantity-stepper'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { useFormats } from '@/lib/format'
import { toProductPath } from '@/lib/shop-id'

/** What lies in the cart, at today's prices. */
export function CartLines({ cart }: { cart: LiveCart }) {
  const m = useMessages()
  const formats = useFormats()
  return (
    <ul className="divide-y rounded-card border bg-card">
      {cart.lines.map((line) => (
        <li key={line.productId} className="flex gap-4 p-4">
          <ProductImage url={line.imageUrl} size={96} className="size-20 shrink-0 rounded-lg sm:size-24" />
          <div className="flex min-w-0 flex-1 flex-col justify-between gap-2">
            <div className="flex items-start justify-between gap-2">
              <Link to={toProductPath(line.productId)} dir="auto" className="line-clamp-2 font-medium hover:underline">
                {line.title}
              </Link>
              <Button
                variant="ghost"
                size="icon"
                className="-mt-2 -me-2 text-muted-foreground"
                aria-label={m.cart.remove(line.title)}
                onClick={() => {
                  cart.remove(line.productId)
                }}
              >
                <Trash2 aria-hidden />
              </Button>
            </div>
            <div className="flex flex-wrap items-center justify-between gap-2">
              <QuantityStepper
                quantity={line.quantity}
                onChange={(quantity) => {
                  cart.setQuantity(line.productId, quantity)
                }}
              />
              {line.isSoldOut ? (
                <p className="font-semibold text-coupon">{m.product.soldOut}</p>
              ) : (
                <p className="font-bold tabular-nums">{formats.price(line.price * line.quantity)}</p>
              )}
            </div>
          </div>
        </li>
      ))}
    </ul>
  )
}
