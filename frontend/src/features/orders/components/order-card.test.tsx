import { screen, within } from '@testing-library/react'
import { makeOrder } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer } from '@/testing/server'

test('a line that cost nothing is free, and one with a price says it', async () => {
  const order = makeOrder(3)
  const [item] = order.items
  const items = [
    { ...item!, title: 'A gift', unit_price: 0, discount_amount: 1.5 },
    { ...item!, title: 'A sale' },
  ]
  answer('get', '/users/1/orders', 200, { orders: [{ ...order, items }], next_cursor: null })
  renderApp('/my-orders')

  const link = (name: RegExp) => within(screen.getByRole('article')).getByRole('link', { name })
  expect(await screen.findByText('A gift')).toBeVisible()
  expect(link(/^A gift/)).toHaveTextContent('무료')
  expect(link(/^A sale/)).toHaveTextContent('$1.50')
})
