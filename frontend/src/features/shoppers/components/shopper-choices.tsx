import { Badge } from '@/components/ui/badge'
import { DropdownMenuLabel, DropdownMenuRadioGroup, DropdownMenuRadioItem } from '@/components/ui/dropdown-menu'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { shopperStore, toShopper } from '@/stores/shopper'

interface ShopperChoicesProps {
  shoppers: components['schemas']['Shopper'][]
  hasFailed: boolean
}

export function ShopperChoices({ shoppers, hasFailed }: ShopperChoicesProps) {
  const m = useMessages()
  const choose = (value: string) => {
    const chosen = shoppers.find((each) => keyOf(each) === value)
    shopperStore.set(chosen ? toShopper(chosen.user_id) : 'guest')
  }
  return (
    <DropdownMenuRadioGroup value={String(shopperStore.use())} onValueChange={choose}>
      <DropdownMenuLabel>{hasFailed ? m.shoppers.failed : m.shoppers.choose}</DropdownMenuLabel>
      {shoppers.map((each) => (
        <DropdownMenuRadioItem key={each.user_id} value={keyOf(each)}>
          <bdi className="font-medium">{each.nickname}</bdi>
          <Badge variant="accent">{m.shoppers.kinds[each.kind]}</Badge>
          <span className="ms-auto text-xs text-muted-foreground tabular-nums">
            {m.shoppers.orders(each.num_orders)}
          </span>
        </DropdownMenuRadioItem>
      ))}
      <DropdownMenuRadioItem value="guest">{m.shoppers.guest}</DropdownMenuRadioItem>
    </DropdownMenuRadioGroup>
  )
}

function keyOf(shopper: components['schemas']['Shopper']): string {
  return String(toShopper(shopper.user_id))
}
