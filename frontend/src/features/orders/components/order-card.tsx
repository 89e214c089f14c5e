import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { OrderAgain } from './order-again'
import { ProductImage } from '@/components/product-image'
import { Badge } from '@/components/ui/badge'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'
import { toProductPath, type ShopId } from '@/lib/shop-id'

type Schemas = components['schemas']

/** What can be done about a line of an order. */
export type RenderAction = (orderId: ShopId, item: Schemas['OrderLine']) => ReactNode

interface OrderCardProps {
  order: Schemas['OrderSummary']
  renderAction?: RenderAction
}

/** One order with its lines. */
export function OrderCard({ order, renderAction }: OrderCardProps) {
  const m = useMessages()
  const formats = useFormats()
  return (
    <article className="rounded-card border bg-card" aria-label={m.cart.orderNumber(order.order_id)}>
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-3 text-sm">
        <time dateTime={order.ordered_at} className="font-semibold">
          {formats.day(order.ordered_at)}
        </time>
        <Badge variant={order.status === 'cancelled' ? 'muted' : 'accent'}>{m.orders.status[order.status]}</Badge>
        <span className="text-muted-foreground tabular-nums">{m.cart.orderNumber(order.order_id)}</span>
        <span className="ms-auto text-base font-bold tabular-nums">{formats.price(order.total_amount)}</span>
      </header>
      <ul className="grid gap-x-6 p-2 sm:grid-cols-2">
        {order.items.map((item, index) => (
          <li key={`${item.product_id} ${index}`}>
            <Link to={toProductPath(item.product_id)} className="flex items-center gap-3 rounded-lg p-2 hover:bg-muted">
              <ProductImage url={item.image_url} size={56} className="size-14 shrink-0 rounded-lg" />
              <span dir="auto" className="line-clamp-2 min-w-0 flex-1 text-sm">
                {item.title}
              </span>
              <span className="text-end text-sm tabular-nums">
                {item.unit_price === 0 ? m.orders.free : formats.price(item.unit_price)}
                <span className="block text-xs text-muted-foreground">{m.orders.quantity(item.quantity)}</span>
              </span>
            </Link>
            {renderAction && order.status !== 'cancelled' && item.quantity > 0 && (
              <div className="-mt-1 ps-18">{renderAction(order.order_id, item)}</div>
            )}
          </li>
        ))}
      </ul>
      <OrderAgain items={order.items} />
    </article>
  )
}
