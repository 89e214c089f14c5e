import { useQuery } from '@tanstack/react-query'
import { homeQuery } from '@/api/get-home'
import { shelvesQuery, type Shelf } from '@/api/get-shelves'
import { shoppersQuery } from '@/api/get-shoppers'
import type { ListedProduct } from '@/components/product-card'
import type { Provenance } from '@/lib/api/provenance'
import { shopperStore, toUserId } from '@/stores/shopper'

export interface HomePageContent {
  nickname: string
  /** What is shown: rows by intent, or else one list. */
  shelves?: Shelf[]
  products?: ListedProduct[]
  provenance: Provenance
  latencyMs: number
  /** Whether it comes from the API's local fallback, and the shopper's own may be there a moment later. */
  isMakeshift: boolean
}

/** The shopper's page in shelves; where there are none, the list of the homepage takes their place. */
export function useHomePage(): { page: HomePageContent | undefined; error: unknown; retry: () => void } {
  const shopper = shopperStore.use()
  const userId = toUserId(shopper)
  const isShopperLate = useQuery(shoppersQuery).isError
  const isDecided = shopper !== 'undecided' || isShopperLate
  const shelves = useQuery({ ...shelvesQuery(userId), enabled: isDecided })
  const hasShelves = shelves.data !== undefined && shelves.data.shelves.length > 0
  const hasNone = !shelves.isPending && !hasShelves
  const home = useQuery({ ...homeQuery(userId), enabled: isDecided && hasNone })
  return {
    page: hasNone ? home.data : shelves.data,
    error: home.error,
    retry: () => {
      void shelves.refetch()
      void home.refetch()
    },
  }
}
