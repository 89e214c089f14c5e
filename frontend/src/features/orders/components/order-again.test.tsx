import { screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { shopperStore } from '@/stores/shopper'
import { makeDetails, makeOrder } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer, server } from '@/testing/server'

test('an order is put into the cart once more, at today’s prices, without what cannot be had', async () => {
  shopperStore.set(3_001)
  const items = [3, 4, 5].flatMap((id) => makeOrder(id).items)
  answer('get', '/users/:id/orders', 200, { orders: [{ ...makeOrder(3), items }], next_cursor: null })
  answer('get', '/products/4', 200, makeDetails(4, { in_stock: false }))
  answer('get', '/products/5', 404)
  const user = renderApp('/my-orders')

  await user.click(await screen.findByRole('button', { name: '다시 담기' }))

  expect(await screen.findByText(/상품 1개를 장바구니에 담았어요/)).toBeVisible()
  expect(screen.getByText('지금은 살 수 없는 상품이에요: Product 4, Product 5')).toBeVisible()
  await user.click(screen.getByRole('link', { name: '장바구니로 가기' }))
  expect(await screen.findByRole('heading', { level: 1, name: '장바구니' })).toBeVisible()
  expect(screen.getByRole('link', { name: '장바구니, 2개' })).toBeVisible()
  expect((await screen.findAllByText('$7.00')).length).toBeGreaterThan(0)
})

test('a shop that does not answer puts nothing into the cart, and says so', async () => {
  shopperStore.set(3_002)
  server.use(http.get('*/products/3', () => HttpResponse.error()))
  const user = renderApp('/my-orders')

  await user.click(await screen.findByRole('button', { name: '다시 담기' }))

  expect(await screen.findByText(/지금 쇼핑몰이 응답하지 않아요/)).toBeVisible()
  expect(screen.getByRole('link', { name: '장바구니, 0개' })).toBeVisible()
})
