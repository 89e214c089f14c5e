import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { shoppersQuery } from '@/api/get-shoppers'
import { ApiError } from '@/lib/api/api-error'
import { shopperStore } from '@/stores/shopper'

/**
 * On the first visit, goes shopping as a regular customer, whose page shows the most; as a guest where nobody may
 * choose. While the list of shoppers is late the choice stays open, and the homepage shows what it shows a guest.
 */
export function useFirstShopper(): void {
  const { data: shoppers, error } = useQuery(shoppersQuery)
  const isForbidden = error instanceof ApiError && error.status === 404
  useEffect(() => {
    if (shopperStore.get() !== 'undecided') return
    if (shoppers)
      shopperStore.set(shoppers.find(({ kind }) => kind === 'heavy')?.user_id ?? shoppers[0]?.user_id ?? 'guest')
    else if (isForbidden) shopperStore.set('guest')
  }, [shoppers, isForbidden])
}
