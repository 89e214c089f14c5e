import { screen, waitFor, within } from '@testing-library/react'
import type { components } from '@/lib/api/schema'
import { consentStore } from '@/stores/consent'
import { shopperStore } from '@/stores/shopper'
import { COUPON, makeDetails, makeExplained, makeOrder, makeProduct, STOREFRONT } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer, collect } from '@/testing/server'

type Checkout = components['schemas']['Checkout']

let shopper = 1_000

beforeEach(() => {
  shopper += 1
  shopperStore.set(shopper) // each test has a cart of its own
})

/** Puts products of the homepage into the cart, and goes there. */
async function fillCart(...ids: number[]) {
  const user = renderApp('/')
  for (const id of ids) await user.click(await screen.findByRole('button', { name: `Product ${id} 장바구니에 담기` }))
  await user.click(screen.getByRole('link', { name: /^장바구니/ }))
  await screen.findByRole('heading', { name: '장바구니' })
  return user
}

const order = () => screen.getByRole('button', { name: '주문하고 결제하기' })

test('an empty cart shows the way back', async () => {
  renderApp('/cart')

  expect(await screen.findByText('장바구니가 비어 있어요.')).toBeVisible()
})

test('the cart adds up, and lines can be changed and taken out', async () => {
  const user = await fillCart(101, 102)
  await user.click(screen.getAllByRole('button', { name: '하나 더하기' })[0]!)
  expect(await screen.findByText('$305.50')).toBeVisible()

  await user.click(screen.getAllByRole('button', { name: '하나 빼기' })[0]!)
  expect(await screen.findByText('$204.00')).toBeVisible()

  await user.click(screen.getByRole('button', { name: 'Product 102 빼기' }))
  expect(screen.getByRole('link', { name: '장바구니, 1개' })).toBeVisible()
})

test('an order tells what, how many, for how much, and by which answer it came', async () => {
  consentStore.set('granted')
  const bodies = collect<Checkout>('/orders', 201, { ...makeOrder(900), is_repeat: false })
  const user = await fillCart(101)

  await user.click(order())

  expect(await screen.findByText('주문해 주셔서 고마워요!')).toBeVisible()
  expect(bodies).toMatchObject([
    {
      user_id: shopper,
      expected_total: 101.5,
      coupon_ids: [],
      items: [{ product_id: 101, quantity: 1, source: { request_id: 'request-1', position: 0, batch_id: 'batch-1' } }],
    },
  ])
  expect(screen.getByRole('link', { name: '장바구니, 0개' })).toBeVisible()
})

test('a shop that takes its orders itself has no checkout here', async () => {
  answer('get', '/storefront', 200, { ...STOREFRONT, takes_orders: false })
  await fillCart(101)

  expect(await screen.findByText('주문은 쇼핑몰에서 직접 해 주세요.')).toBeVisible()
  expect(screen.queryByRole('button', { name: '주문하고 결제하기' })).not.toBeInTheDocument()
})

test('an order of a shopper who declined tracking names no source', async () => {
  const bodies = collect<Checkout>('/orders', 201, { ...makeOrder(900), is_repeat: false })
  const user = await fillCart(101)

  await user.click(order())
  await screen.findByText('주문해 주셔서 고마워요!')

  expect(bodies[0]?.items[0]?.source).toBeNull()
})

test('coupons are taken off before the checkout, which charges what was shown', async () => {
  const coupon = { ...COUPON, product_id: 101, discount_amount: 10.15 }
  answer('post', '/orders/quote', 200, { total_before_coupons: 101.5, total_amount: 91.35, coupons: [coupon] })
  const bodies = collect<Checkout>('/orders', 201, { ...makeOrder(900), is_repeat: false })
  const user = await fillCart(101)

  expect(await screen.findByText('Milk week')).toBeVisible()
  expect(screen.getByText('-$10.15')).toBeVisible()
  expect(screen.getByText('$91.35')).toBeVisible()
  await user.click(order())
  await screen.findByText('주문해 주셔서 고마워요!')

  expect(bodies).toMatchObject([{ coupon_ids: [7], expected_total: 91.35 }])
})

test('without the API’s sum the cart shows its own, and can still be ordered', async () => {
  answer('post', '/orders/quote', 503)
  const bodies = collect<Checkout>('/orders', 201, { ...makeOrder(900), is_repeat: false })
  const user = await fillCart(101)

  await waitFor(() => {
    expect(order()).toBeEnabled()
  })
  await user.click(order())
  await screen.findByText('주문해 주셔서 고마워요!')

  expect(bodies).toMatchObject([{ coupon_ids: [], expected_total: 101.5 }])
})

test('more than the shop has cannot be ordered, and the cart says so', async () => {
  answer('post', '/orders/quote', 409)
  await fillCart(101)

  expect(await screen.findByRole('alert')).toHaveTextContent('재고보다 많이 담은 상품이 있어요')
  expect(order()).toBeDisabled()
})

test('ordering again after a doubtful answer repeats the key', async () => {
  const bodies = collect<Checkout>('/orders', 503, {})
  const user = await fillCart(101)

  await user.click(order())
  expect(await screen.findByRole('alert')).toHaveTextContent('두 번 주문되지는 않아요')
  await user.click(order())
  await screen.findByRole('alert')

  expect(new Set(bodies.map((body) => body.order_key)).size).toBe(1)
  expect(screen.getByRole('button', { name: 'Product 101 빼기' })).toBeVisible()
})

test('changed prices are said, and today’s are shown', async () => {
  answer('post', '/orders', 409)
  const user = await fillCart(101)
  answer('get', '/products/101', 200, makeDetails(101, { price: 99 }))
  answer('post', '/orders/quote', 200, { total_before_coupons: 99, total_amount: 99, coupons: [] })

  await user.click(order())

  expect(await screen.findByRole('alert')).toHaveTextContent('가격이나 재고가 바뀌었어요')
  expect((await screen.findAllByText('$99.00')).length).toBeGreaterThan(0)
})

test('what is sold out cannot be ordered', async () => {
  answer('get', '/products/101', 200, makeDetails(101, { in_stock: false }))
  await fillCart(101)

  expect(await screen.findByText('품절')).toBeVisible()
  expect(order()).toBeDisabled()
})

test('a guest is asked to choose who shops', async () => {
  shopperStore.set('guest')
  await fillCart(101)

  expect(screen.getByText('주문하려면 위에서 고객을 선택해 주세요.')).toBeVisible()
  expect(screen.queryByRole('button', { name: '주문하고 결제하기' })).not.toBeInTheDocument()
})

test('a cart shows what goes with it, and what coupons are for; what is put in stays where it is', async () => {
  const shelves = [{ code: 'with_coupons', facts: {}, products: [101, 71, 90].map(makeExplained) }]
  answer('get', '/recommendations/shelves', 200, { user_nickname: '', shelves })
  const asked = collect('/recommendations/cart', 200, {
    products: [70, 71].map((id) => ({ ...makeProduct(id), goes_with: 101 })),
  })
  const add = (id: number) => screen.findByRole('button', { name: `Product ${id} 장바구니에 담기` })
  const user = renderApp('/')
  await user.click(await add(101))
  await user.click(screen.getByRole('link', { name: /^장바구니/ }))

  const companions = within(await screen.findByRole('region', { name: '장바구니 상품과 함께 사면 좋아요' }))
  expect(companions.getAllByRole('article')).toHaveLength(2)
  const coupons = within(await screen.findByRole('region', { name: '내 쿠폰으로 살 수 있어요' }))
  expect(coupons.getAllByRole('heading', { level: 3 }).map(({ textContent }) => textContent)).toEqual(['Product 90'])
  await user.click(companions.getByRole('button', { name: 'Product 70 장바구니에 담기' }))

  expect(companions.getByRole('group', { name: 'Product 70 수량' })).toBeVisible()
  expect(asked).toEqual([{ user_id: shopper, product_ids: [101], limit: 12 }])
})
