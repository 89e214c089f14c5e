import { useQuery } from '@tanstack/react-query'
import { Gift } from 'lucide-react'
import { choicesQuery, useMakeChoice, useUndoChoice } from '../api/choices'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { isSameId, type ShopId } from '@/lib/shop-id'

interface GiftToggleProps {
  userId: ShopId
  orderId: ShopId
  product: { product_id: ShopId; title: string }
}

/** Says of a line of an order whether it was a gift, from which nothing is learned about the shopper. */
export function GiftToggle({ userId, orderId, product }: GiftToggleProps) {
  const m = useMessages()
  const { data: choices } = useQuery(choicesQuery(userId))
  const make = useMakeChoice(userId)
  const undo = useUndoChoice(userId)
  const gift = choices?.find(
    (each) =>
      each.kind === 'gift' && isSameId(each.order_id ?? '', orderId) && isSameId(each.product_id, product.product_id),
  )
  const toggle = () => {
    if (gift) undo.mutate(gift.choice_id)
    else make.mutate({ kind: 'gift', product_id: product.product_id, order_id: orderId })
  }
  return (
    <Button
      variant={gift ? 'outline' : 'ghost'}
      size="small"
      aria-pressed={gift !== undefined}
      aria-label={m.choices.giftNamed(product.title)}
      disabled={!choices || make.isPending || undo.isPending}
      className={gift ? 'text-primary' : 'text-muted-foreground'}
      onClick={toggle}
    >
      <Gift aria-hidden />
      {m.choices.gift}
    </Button>
  )
}
