import { useMemo } from 'react'
import type { usePostOrder } from '../api/post-order'
import type { LiveCart } from '../use-live-cart'
import { CouponBadge } from '@/components/coupon-badge'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { ApiError } from '@/lib/api/api-error'
import { useFormats } from '@/lib/format'
import { randomKey } from '@/lib/random-key'
import { consentStore } from '@/stores/consent'

interface CheckoutPanelProps {
  cart: LiveCart
  userId: number | undefined
  order: ReturnType<typeof usePostOrder>
}

/** What the cart costs, and the button that orders it. */
export function CheckoutPanel({ cart, userId, order }: CheckoutPanelProps) {
  const m = useMessages()
  const formats = useFormats()
  const { lines, coupons, total } = cart
  const contents = JSON.stringify([userId, lines, coupons])
  // Ordering the same cart again after a doubtful answer repeats the key, so that it is ordered once.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const orderKey = useMemo(() => randomKey(), [contents])

  const checkOut = (user: number) => {
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
      expected_total: coupons.length > 0 ? null : total,
    })
  }
  return (
    <section
      aria-label={m.cart.checkout}
      className="flex h-fit flex-col gap-4 rounded-card border bg-card p-5 lg:sticky lg:top-28"
    >
      {coupons.length > 0 && (
        <div className="text-sm">
          <p className="mb-2 font-medium">{m.cart.coupons}</p>
          <ul className="flex flex-col gap-1.5">
            {coupons.map((coupon) => (
              <li key={coupon.coupon_id} className="flex items-center gap-2">
                <CouponBadge coupon={coupon} />
                <span className="truncate">{coupon.name}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <p className="flex items-baseline justify-between gap-3">
        <span className="text-muted-foreground">
          {m.cart.total} {coupons.length > 0 && `(${m.cart.beforeCoupons})`}
        </span>
        <span className="text-2xl font-extrabold tabular-nums">{formats.price(total)}</span>
      </p>
      {userId === undefined ? (
        <p className="rounded-lg bg-muted p-3 text-sm">{m.cart.guest}</p>
      ) : (
        <Button
          size="large"
          disabled={order.isPending || lines.some((line) => line.isSoldOut)}
          onClick={() => {
            checkOut(userId)
          }}
        >
          {order.isPending ? m.cart.ordering : m.cart.checkout}
        </Button>
      )}
      {order.isError && (
        <p role="alert" className="text-sm font-medium text-destructive">
          {order.error instanceof ApiError && order.error.status === 409 ? m.cart.changed : m.cart.failed}
        </p>
      )}
      <p className="text-xs text-muted-foreground">{m.cart.simulated}</p>
    </section>
  )
}
