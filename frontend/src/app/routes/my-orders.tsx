import { Link } from 'react-router'
import { PageTitle } from '../page-title'
import { useMayChooseShopper } from '@/api/get-shoppers'
import { Notice } from '@/components/notice'
import { GiftToggle } from '@/features/choices/components/gift-toggle'
import { OrderList } from '@/features/orders/components/order-list'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore, toUserId } from '@/stores/shopper'

export function MyOrdersPage() {
  const m = useMessages()
  const userId = toUserId(shopperStore.use())
  const mayChoose = useMayChooseShopper()
  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-x-4">
        <PageTitle>{m.orders.title}</PageTitle>
        {userId !== undefined && (
          <Link
            to="/my-choices"
            className="mb-5 py-2 text-sm font-medium text-primary underline-offset-4 hover:underline"
          >
            {m.choices.title}
          </Link>
        )}
      </div>
      {userId === undefined ? (
        <Notice title={mayChoose ? m.orders.guest : m.orders.signedOut} />
      ) : (
        <OrderList
          key={userId}
          userId={userId}
          renderAction={(orderId, item) => <GiftToggle userId={userId} orderId={orderId} product={item} />}
        />
      )}
    </>
  )
}
