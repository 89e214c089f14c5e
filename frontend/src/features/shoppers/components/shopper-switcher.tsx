import { useQuery } from '@tanstack/react-query'
import { ChevronDown, UserRound } from 'lucide-react'
import { shoppersQuery } from '../api/get-shoppers'
import { ShopperChoices } from './shopper-choices'
import { Button } from '@/components/ui/button'
import { DropdownMenu, DropdownMenuContent, DropdownMenuTrigger } from '@/components/ui/dropdown-menu'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore } from '@/stores/shopper'

/** Lets a visitor of the demonstration be one shopper or another. */
export function ShopperSwitcher() {
  const m = useMessages()
  const { data: shoppers = [], isError } = useQuery(shoppersQuery)
  const shopper = shopperStore.use()
  const name = nameOf()
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="outline" size="small" aria-label={`${m.shoppers.choose}. ${m.shoppers.current(name)}`}>
          <UserRound aria-hidden />
          <span className="max-w-20 min-w-10 truncate sm:max-w-32">{name}</span>
          <ChevronDown aria-hidden className="text-muted-foreground" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end" className="w-72">
        <ShopperChoices shoppers={shoppers} hasFailed={isError} />
      </DropdownMenuContent>
    </DropdownMenu>
  )

  function nameOf(): string {
    if (typeof shopper !== 'number') return m.shoppers.guest
    return shoppers.find((each) => each.user_id === shopper)?.nickname ?? `#${shopper}`
  }
}
