import { useEffect, useRef } from 'react'
import { Link } from 'react-router'
import { Notice } from '@/components/notice'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'

/** What a shopper sees once the order is placed. */
export function OrderThanks({ order }: { order: components['schemas']['OrderReceipt'] }) {
  const m = useMessages()
  const formats = useFormats()
  const element = useRef<HTMLDivElement>(null)

  useEffect(() => {
    element.current?.focus()
  }, [])

  return (
    <div ref={element} tabIndex={-1} role="status" className="rounded-card">
      <Notice drawing="bouquet" title={m.cart.thanks}>
        <p className="text-muted-foreground tabular-nums">
          {m.cart.orderNumber(order.order_id)} · {m.cart.paid(formats.price(order.total_amount))}
        </p>
        <div className="flex flex-wrap justify-center gap-2">
          <Button asChild>
            <Link to="/">{m.cart.toHome}</Link>
          </Button>
          <Button asChild variant="outline">
            <Link to="/my-orders">{m.navigation.orders}</Link>
          </Button>
        </div>
      </Notice>
    </div>
  )
}
