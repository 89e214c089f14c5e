import { useInfiniteQuery } from '@tanstack/react-query'
import { ordersQuery } from '../api/get-orders'
import { OrderCard, type RenderAction } from './order-card'
import { ErrorNotice } from '@/components/error-notice'
import { Notice } from '@/components/notice'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { useMessages } from '@/i18n/use-messages'
import { type ShopId } from '@/lib/shop-id'

/** What a shopper ordered, the newest first. */
export function OrderList({ userId, renderAction }: { userId: ShopId; renderAction?: RenderAction }) {
  const m = useMessages()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(ordersQuery(userId))
  if (!data) {
    return error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : <OrderListSkeleton />
  }
  const orders = data.pages.flatMap((page) => page.orders)
  if (orders.length === 0) return <Notice title={m.orders.empty} />
  return (
    <div className="flex flex-col gap-4">
      <ul className="flex flex-col gap-4">
        {orders.map((order) => (
          <li key={order.order_id}>
            <OrderCard order={order} renderAction={renderAction} />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button
          variant="outline"
          className="mx-auto"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {m.orders.more}
        </Button>
      )}
    </div>
  )
}

function OrderListSkeleton() {
  const m = useMessages()
  return (
    <div role="status" aria-label={m.shop.loading} className="flex flex-col gap-4">
      {[1, 2, 3].map((number) => (
        <Skeleton key={number} className="h-44 rounded-card" />
      ))}
    </div>
  )
}
