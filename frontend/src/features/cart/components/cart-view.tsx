import { Link } from 'react-router'
import { usePostOrder } from '../api/post-order'
import { useLiveCart } from '../use-live-cart'
import { CartLines } from './cart-lines'
import { CartRows } from './cart-rows'
import { CheckoutPanel } from './checkout-panel'
import { OrderThanks } from './order-thanks'
import { Notice } from '@/components/notice'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore, toUserId } from '@/stores/shopper'

/** The cart, from its contents to the thanks for the order. */
export function CartView() {
  const m = useMessages()
  const userId = toUserId(shopperStore.use())
  const cart = useLiveCart(userId)
  const order = usePostOrder(cart.clear)
  if (cart.lines.length === 0) {
    return order.data ? (
      <OrderThanks order={order.data} />
    ) : (
      <Notice title={m.cart.empty}>
        <Button asChild>
          <Link to="/">{m.cart.toShop}</Link>
        </Button>
      </Notice>
    )
  }
  return (
    <>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <CartLines cart={cart} />
        <CheckoutPanel cart={cart} userId={userId} order={order} />
      </div>
      <CartRows key={userId} userId={userId} lines={cart.lines} />
    </>
  )
}
