import { clsx } from 'clsx'
import { Undo2, X, type LucideIcon } from 'lucide-react'
import type { LiveCart } from '../use-live-cart'
import { CouponBadge } from '@/components/coupon-badge'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { useFormats } from '@/lib/format'

/** What the products cost, what each coupon takes off, and what is to be paid. */
export function CartSum({ cart }: { cart: LiveCart }) {
  const m = useMessages()
  const formats = useFormats()
  return (
    <dl className="flex flex-col gap-2.5 text-sm" aria-busy={cart.isCounting}>
      {cart.coupons.length > 0 && (
        <div className="flex items-baseline justify-between gap-3">
          <dt className="text-muted-foreground">{m.cart.subtotal}</dt>
          <dd className="tabular-nums">{formats.price(cart.subtotal)}</dd>
        </div>
      )}
      {cart.coupons.map((coupon) => (
        <div key={coupon.coupon_id} className="flex items-center justify-between gap-3">
          <dt className="flex min-w-0 items-center gap-2">
            <CouponBadge coupon={coupon} />
            <span className="truncate text-muted-foreground">{coupon.name}</span>
          </dt>
          <dd className="flex items-center font-medium text-coupon tabular-nums">
            {formats.price(-coupon.discount_amount)}
            <CouponButton
              icon={X}
              label={m.cart.keepCoupon(coupon.name)}
              onClick={() => {
                cart.keepCoupon(coupon)
              }}
            />
          </dd>
        </div>
      ))}
      {cart.kept.map((coupon) => (
        <div key={coupon.coupon_id} className="flex items-center justify-between gap-3">
          <dt className="min-w-0 truncate text-muted-foreground">{coupon.name}</dt>
          <dd className="flex shrink-0 items-center text-muted-foreground">
            {m.cart.kept}
            <CouponButton
              icon={Undo2}
              label={m.cart.redeemCoupon(coupon.name)}
              onClick={() => {
                cart.redeemCoupon(coupon)
              }}
            />
          </dd>
        </div>
      ))}
      <div className={clsx('flex items-baseline justify-between gap-3', cart.coupons.length > 0 && 'border-t pt-3')}>
        <dt className="text-base text-muted-foreground">{m.cart.total}</dt>
        <dd className={clsx('text-2xl font-extrabold tabular-nums', cart.isCounting && 'opacity-50')}>
          {formats.price(cart.total)}
        </dd>
      </div>
    </dl>
  )
}

function CouponButton({ icon: Icon, label, onClick }: { icon: LucideIcon; label: string; onClick: () => void }) {
  return (
    <Button variant="ghost" size="icon" className="-me-2 text-muted-foreground" aria-label={label} onClick={onClick}>
      <Icon aria-hidden />
    </Button>
  )
}
