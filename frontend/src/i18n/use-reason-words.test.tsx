import { QueryClientProvider } from '@tanstack/react-query'
import { renderHook, waitFor } from '@testing-library/react'
import type { ReactNode } from 'react'
import { localeStore, type Locale } from './locale-store'
import { useReasonWords } from './use-reason-words'
import { makeQueryClient } from '@/lib/query-client'

const FRUIT = 9
const REASONS: [Locale, string, Parameters<typeof useReasonWords>[0]['facts'], string][] = [
  ['ko', 'bought_before', { num_orders: 4, days_between: 7 }, '약 7일마다, 지금까지 4번 구매하셨어요.'],
  ['ko', 'bought_before', { num_orders: 9, days_between: 1 }, '거의 날마다, 지금까지 9번 구매하셨어요.'],
  ['ko', 'bought_before', { num_orders: 1 }, '전에 한 번 구매하신 상품이에요.'],
  ['ko', 'bought_before', {}, '전에 구매하신 상품이에요. 다시 필요할 때가 되었어요.'],
  ['ko', 'bought_together', { goes_with: 'Milk' }, '구매하셨던 ‘Milk’ 상품과 함께 많이 구매하는 상품이에요.'],
  ['ko', 'popular_in_category', {}, '‘과일·채소’에서 인기 있는 상품이에요.'],
  ['en', 'bought_before', { num_orders: 4, days_between: 7 }, 'You bought it 4 times, about every 7 days.'],
  ['en', 'bought_before', { num_orders: 2, days_between: 1 }, 'You bought it 2 times, about every day.'],
  ['en', 'bought_together', { goes_with: 'Milk' }, 'Often bought with Milk, which you bought.'],
  ['en', 'favourite_type', { product_type: 'Cola' }, 'You buy this kind of product: Cola.'],
  ['ko', 'similar_shoppers', {}, '비슷한 상품을 구매하시는 분들이 요즘 찾는 상품이에요.'],
  ['en', 'similar_shoppers', {}, 'Bought lately by shoppers who buy what you buy.'],
  ['en', 'popular_in_category', {}, 'Popular in Fruit & Vegetables, where you shop.'],
  ['en', 'popular', {}, 'Popular with everyone right now.'],
  ['en', 'made_up_tomorrow', {}, 'It may suit you.'],
]

function Queries({ children }: { children: ReactNode }) {
  return <QueryClientProvider client={makeQueryClient()}>{children}</QueryClientProvider>
}

test.each(REASONS)('%s: %s with %j', async (locale, code, facts, words) => {
  localeStore.set(locale)

  const { result } = renderHook(() => useReasonWords({ code, facts }, FRUIT), { wrapper: Queries })

  await waitFor(() => {
    expect(result.current).toBe(words)
  })
})
