import { ShoppingCart } from 'lucide-react'
import { Link } from 'react-router'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { useCart } from '@/stores/cart'

/** The way to the cart, with what lies in it. */
export function CartButton() {
  const m = useMessages()
  const { quantity } = useCart()
  return (
    <Button asChild variant="ghost" size="icon" className="relative max-sm:size-9!">
      <Link to="/cart" aria-label={m.navigation.cart(quantity)}>
        <ShoppingCart aria-hidden className="size-5!" />
        {quantity > 0 && (
          <span
            aria-hidden
            data-count={quantity}
            className="absolute after:content-[attr(data-count)] -top-0.5 -end-0.5 grid h-5 min-w-5 place-items-center rounded-full bg-coupon px-1 text-xs font-bold text-coupon-foreground tabular-nums"
          />
        )}
      </Link>
    </Button>
  )
}
