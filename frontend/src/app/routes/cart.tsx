import { PageTitle } from '../page-title'
import { CartView } from '@/features/cart/components/cart-view'
import { useMessages } from '@/i18n/use-messages'

export function CartPage() {
  const m = useMessages()
  return (
    <>
      <PageTitle>{m.cart.title}</PageTitle>
      <CartView />
    </>
  )
}
