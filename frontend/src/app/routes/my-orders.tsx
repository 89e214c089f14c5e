import { PageTitle } from '../page-title'
import { useMayChooseShopper } from '@/api/get-shoppers'
import { Notice } from '@/components/notice'
import { OrderList } from '@/features/orders/components/order-list'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore, toUserId } from '@/stores/shopper'

export function MyOrdersPage() {
  const m = useMessages()
  const userId = toUserId(shopperStore.use())
  const mayChoose = useMayChooseShopper()
  return (
    <>
      <PageTitle>{m.orders.title}</PageTitle>
      {userId === undefined ? (
        <Notice title={mayChoose ? m.orders.guest : m.orders.signedOut} />
      ) : (
        <OrderList key={userId} userId={userId} />
      )}
    </>
  )
}
