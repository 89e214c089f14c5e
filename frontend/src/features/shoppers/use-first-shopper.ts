import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { shoppersQuery } from '@/api/get-shoppers'
import { shopperStore } from '@/stores/shopper'

/** On the first visit, goes shopping as a regular customer, whose page shows the most; as a guest where there is none. */
export function useFirstShopper(): void {
  const { data: shoppers, isError } = useQuery(shoppersQuery)
  useEffect(() => {
    if (shopperStore.get() !== 'undecided') return
    if (shoppers)
      shopperStore.set(shoppers.find(({ kind }) => kind === 'heavy')?.user_id ?? shoppers[0]?.user_id ?? 'guest')
    else if (isError) shopperStore.set('guest')
  }, [shoppers, isError])
}
