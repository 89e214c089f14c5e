import { useMemo } from 'react'
import type { usePostOrder } from '../api/post-order'
import type { LiveCart } from '../use-live-cart'
import { CartSum } from './cart-sum'
import { useMayChooseShopper } from '@/api/get-shoppers'
import { useStorefront } from '@/api/get-storefront'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { ApiError } from '@/lib/api/api-error'
import { randomKey } from '@/lib/random-key'
import { type ShopId } from '@/lib/shop-id'
import { consentStore } from '@/stores/consent'

interface CheckoutPanelProps {
  cart: LiveCart
  userId: ShopId | undefined
  order: ReturnType<typeof usePostOrder>
}

/** What the cart costs, and the button that orders it. */
export function CheckoutPanel({ cart, userId, order }: CheckoutPanelProps) {
  const m = useMessages()
  const mayChoose = useMayChooseShopper()
  const takesOrders = useStorefront()?.takes_orders ?? true
  const { lines, coupons, total } = cart
  const contents = JSON.stringify([userId, lines, coupons])
  // Ordering the same cart again after a doubtful answer repeats the key, so that it is ordered once.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const orderKey = useMemo(() => randomKey(), [contents])

  const checkOut = (user: ShopId) => {
    const mayTell = consentStore.get() === 'granted'
    order.mutate({
      order_key: orderKey,
      user_id: user,
      items: lines.map(({ productId, quantity, source }) => ({
        product_id: productId,
        quantity,
        source: mayTell ? source : null,
      })),
      coupon_ids: coupons.map((coupon) => coupon.coupon_id),
      expected_total: total,
    })
  }
  return (
    <section
      aria-label={m.cart.checkout}
      className="flex h-fit flex-col gap-4 rounded-card border bg-card p-5 lg:sticky lg:top-28"
    >
      <CartSum cart={cart} />
      {!takesOrders ? (
        <p className="rounded-lg bg-muted p-3 text-sm">{m.cart.elsewhere}</p>
      ) : userId === undefined ? (
        <p className="rounded-lg bg-muted p-3 text-sm">{mayChoose ? m.cart.guest : m.cart.signedOut}</p>
      ) : (
        <Button
          size="large"
          disabled={order.isPending || cart.isCounting || cart.isTooMuch || lines.some((line) => line.isSoldOut)}
          onClick={() => {
            checkOut(userId)
          }}
        >
          {order.isPending ? m.cart.ordering : m.cart.checkout}
        </Button>
      )}
      {(cart.isTooMuch || order.isError) && (
        <p role="alert" className="text-sm font-medium text-destructive">
          {cart.isTooMuch ? m.cart.tooMuch : isRefused(order.error) ? m.cart.changed : m.cart.failed}
        </p>
      )}
      {takesOrders && <p className="text-xs text-muted-foreground">{m.cart.simulated}</p>}
    </section>
  )
}

function isRefused(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
}
