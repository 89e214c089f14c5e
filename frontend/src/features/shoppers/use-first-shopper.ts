import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { shoppersQuery } from '@/api/get-shoppers'
import { shopperStore, toShopper } from '@/stores/shopper'

/**
 * On the first visit, goes shopping as a regular customer, whose page shows the most; as a guest where nobody may
 * choose. While the list of shoppers is late the choice stays open, and the homepage shows what it shows a guest.
 */
export function useFirstShopper(): void {
  const { data: shoppers } = useQuery(shoppersQuery)
  useEffect(() => {
    if (shopperStore.get() !== 'undecided' || shoppers === undefined) return
    const regular = shoppers?.find(({ kind }) => kind === 'heavy') ?? shoppers?.[0]
    shopperStore.set(regular ? toShopper(regular.user_id) : 'guest')
  }, [shoppers])
}
