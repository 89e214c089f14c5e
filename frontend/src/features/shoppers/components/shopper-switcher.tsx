import { useQuery } from '@tanstack/react-query'
import { ChevronDown, UserRound } from 'lucide-react'
import { ShopperChoices } from './shopper-choices'
import { shelvesQuery } from '@/api/get-shelves'
import { shoppersQuery } from '@/api/get-shoppers'
import { Button } from '@/components/ui/button'
import { DropdownMenu, DropdownMenuContent, DropdownMenuTrigger } from '@/components/ui/dropdown-menu'
import { directionOf, localeStore } from '@/i18n/locale-store'
import { useMessages } from '@/i18n/use-messages'
import { isSameId, type ShopId } from '@/lib/shop-id'
import { shopperStore, toUserId } from '@/stores/shopper'

/** Says who shops; in a demonstration it lets the visitor be one shopper or another. */
export function ShopperSwitcher() {
  const m = useMessages()
  const { data: shoppers = [], isPending, isError } = useQuery(shoppersQuery)
  const direction = directionOf(localeStore.use())
  const shopper = shopperStore.use()
  const userId = toUserId(shopper)
  const listed = shoppers?.find((each) => isSameId(each.user_id, userId))?.nickname
  const isUnlisted = userId !== undefined && !isPending && listed === undefined
  const { data: page } = useQuery({ ...shelvesQuery(userId), enabled: isUnlisted })
  const name = userId === undefined ? m.shoppers.guest : nameOf(userId, listed ?? page?.nickname)
  if (shoppers === null) return <Name>{name}</Name>
  return (
    <DropdownMenu modal={false} dir={direction}>
      <DropdownMenuTrigger asChild>
        <Button variant="outline" size="small" aria-label={`${m.shoppers.choose}: ${name}`}>
          <Name>{name}</Name>
          <ChevronDown aria-hidden className="text-muted-foreground max-sm:hidden" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end" className="w-72">
        <ShopperChoices shoppers={shoppers} hasFailed={isError} />
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

function Name({ children }: { children: string }) {
  return (
    <span className="flex items-center gap-2 text-sm font-medium">
      <UserRound aria-hidden className="size-4" />
      <span className="max-w-12 min-w-10 truncate sm:max-w-32">{children}</span>
    </span>
  )
}

function nameOf(userId: ShopId, nickname: string | undefined): string {
  return nickname === undefined || nickname === '' ? `#${userId}` : nickname
}
