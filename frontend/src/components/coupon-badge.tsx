import { clsx } from 'clsx'
import { Ticket } from 'lucide-react'
import { Badge } from './ui/badge'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'

type Coupon = Pick<components['schemas']['ListedCoupon'], 'discount_type' | 'discount_value'>

/** What a coupon takes off. */
export function CouponBadge({ coupon, className }: { coupon: Coupon; className?: string }) {
  const m = useMessages()
  const formats = useFormats()
  const value = coupon.discount_value
  const amount = coupon.discount_type === 'percent' ? `${formats.number(value)}%` : formats.price(value)
  return (
    <Badge variant="coupon" className={clsx('shrink-0 whitespace-nowrap shadow-sm', className)}>
      <Ticket aria-hidden className="size-3" />
      {m.product.couponAmount(amount)}
    </Badge>
  )
}
