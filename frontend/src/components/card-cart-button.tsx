import { Plus } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { QuantityStepper } from './quantity-stepper'
import { Button } from './ui/button'
import { type CartProduct, useAddToCart } from './use-add-to-cart'
import { useMessages } from '@/i18n/use-messages'
import { isSameId } from '@/lib/shop-id'
import type { Source } from '@/lib/tracking/source'
import { useCart } from '@/stores/cart'

/** Puts the product of a card into the cart; from then on it counts how many of it lie there. */
export function CardCartButton({ product, source }: { product: CartProduct; source: Source }) {
  const m = useMessages()
  const cart = useCart()
  const add = useAddToCart()
  const { product_id: productId, title } = product
  const quantity = cart.lines.find((line) => isSameId(line.productId, productId))?.quantity ?? 0
  const button = useRef<HTMLButtonElement>(null)
  const wasPressed = useRef(false)
  const isIn = quantity > 0

  useEffect(() => {
    // The button that was pressed has gone: the focus goes on to the one in its place.
    if (wasPressed.current) button.current?.focus()
    wasPressed.current = false
  }, [isIn])

  return (
    <>
      {isIn ? (
        <QuantityStepper
          className="shadow-sm"
          title={title}
          quantity={quantity}
          moreButton={button}
          onChange={(next) => {
            cart.setQuantity(productId, next)
          }}
          onRemove={() => {
            wasPressed.current = true
            cart.remove(productId)
          }}
        />
      ) : (
        <Button
          ref={button}
          size="icon"
          className="shadow-sm"
          aria-label={m.product.addNamedToCart(title)}
          onClick={() => {
            wasPressed.current = true
            add(product, source)
          }}
        >
          <Plus aria-hidden className="size-5!" />
        </Button>
      )}
      <span role="status" className="sr-only">
        {isIn ? m.product.added : ''}
      </span>
    </>
  )
}
