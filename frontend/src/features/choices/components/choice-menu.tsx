import { Ban, EllipsisVertical, Layers, ListX } from 'lucide-react'
import { useRef } from 'react'
import { useNavigate } from 'react-router'
import { useMakeChoice } from '../api/choices'
import type { CardMenuProps } from '@/components/card-menu'
import { Button } from '@/components/ui/button'
import { DropdownMenu, DropdownMenuContent, DropdownMenuItem, DropdownMenuTrigger } from '@/components/ui/dropdown-menu'
import { directionOf, localeStore } from '@/i18n/locale-store'
import { useMessages } from '@/i18n/use-messages'
import { type ShopId } from '@/lib/shop-id'
import { shopperStore, toUserId } from '@/stores/shopper'

/** What a shopper may say of a recommended product; a guest has nobody to remember it. */
export function ChoiceMenu({ product }: CardMenuProps) {
  const userId = toUserId(shopperStore.use())
  return userId === undefined ? null : <Menu product={product} userId={userId} />
}

function Menu({ product, userId }: CardMenuProps & { userId: ShopId }) {
  const m = useMessages()
  const direction = directionOf(localeStore.use())
  const navigate = useNavigate()
  const make = useMakeChoice(userId)
  const hasChosen = useRef(false)
  const choose = (kind: 'not_interested_product' | 'not_interested_type') => () => {
    hasChosen.current = true
    make.mutate({ kind, product_id: product.product_id })
  }
  return (
    <DropdownMenu modal={false} dir={direction}>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="icon"
          disabled={make.isPending}
          className="absolute end-2 top-2 z-10 bg-card/85 backdrop-blur-xs"
          aria-label={m.choices.menu(product.title)}
        >
          <EllipsisVertical aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent
        align="end"
        onCloseAutoFocus={(event) => {
          if (hasChosen.current) event.preventDefault() // the notice of the choice takes it: this card is about to go
          hasChosen.current = false
        }}
      >
        <DropdownMenuItem onSelect={choose('not_interested_product')}>
          <Ban aria-hidden />
          {m.choices.notThis}
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={choose('not_interested_type')}>
          <Layers aria-hidden />
          {m.choices.notThisKind}
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => void navigate('/my-choices')}>
          <ListX aria-hidden />
          {m.choices.all}
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
