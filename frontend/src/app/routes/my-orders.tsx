import { PageTitle } from '../page-title'
import { Notice } from '@/components/notice'
import { OrderList } from '@/features/orders/components/order-list'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore, toUserId } from '@/stores/shopper'

export function MyOrdersPage() {
  const m = useMessages()
  const userId = toUserId(shopperStore.use())
  return (
    <>
      <PageTitle>{m.orders.title}</PageTitle>
      {userId === undefined ? <Notice title={m.orders.guest} /> : <OrderList key={userId} userId={userId} />}
    </>
  )
}
