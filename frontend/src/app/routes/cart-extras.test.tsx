import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { localeStore } from '@/i18n/locale-store'
import type { components } from '@/lib/api/schema'
import { shopperStore } from '@/stores/shopper'
import { COUPON, makeOrder, makeProduct, makeQuote } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { collect, server } from '@/testing/server'

type Schemas = components['schemas']

let shopper = 2_000

beforeEach(() => {
  shopper += 1
  shopperStore.set(shopper) // each test has a cart of its own
})

/** Puts product 101 into the cart, and goes there. */
async function openCart(add: string, cart: RegExp) {
  const user = renderApp('/')
  await user.click(await screen.findByRole('button', { name: add }))
  await user.click(screen.getByRole('link', { name: cart }))
  return user
}

/** A shop in which the shopper holds a coupon of 10 for product 101. */
function giveCoupon() {
  const coupon = { ...COUPON, product_id: 101, discount_amount: 10 }
  server.use(
    http.post('*/orders/quote', async ({ request }) => {
      const cart = (await request.json()) as Schemas['Cart']
      const isKept = cart.without_coupon_ids.includes(coupon.coupon_id)
      return HttpResponse.json(makeQuote(cart, isKept ? {} : { total_amount: 91.5, coupons: [coupon] }))
    }),
  )
}

test('a coupon can be taken off and put back, and the order redeems what is shown', async () => {
  giveCoupon()
  const bodies = collect<Schemas['Checkout']>('/orders', 201, { ...makeOrder(900), is_repeat: false })
  const user = await openCart('Product 101 장바구니에 담기', /^장바구니/)

  await user.click(await screen.findByRole('button', { name: '쿠폰 빼기: Milk week' }))
  expect(await screen.findByText('이번에는 안 써요')).toBeVisible()
  expect(screen.queryByText('-$10.00')).not.toBeInTheDocument()

  await user.click(screen.getByRole('button', { name: '쿠폰 다시 쓰기: Milk week' }))
  expect(await screen.findByText('-$10.00')).toBeVisible()
  expect(screen.queryByText('이번에는 안 써요')).not.toBeInTheDocument()

  await user.click(screen.getByRole('button', { name: '쿠폰 빼기: Milk week' }))
  await screen.findByText('이번에는 안 써요')
  await user.click(await screen.findByRole('button', { name: '주문하고 결제하기' }))
  await screen.findByText('주문해 주셔서 고마워요!')
  expect(bodies).toMatchObject([{ coupon_ids: [], expected_total: 101.5 }])
})

test.each([
  ['ko', 'Product 101 장바구니에 담기', /^장바구니/, '장바구니 상품과 함께 사면 좋아요', '‘Product 101’ 상품과 함께'],
  ['en', 'Add Product 101 to the cart', /^Cart/, 'Goes well with your cart', 'Goes with Product 101'],
] as const)('in %s what goes with a cart says with what of it', async (locale, add, cart, title, note) => {
  localeStore.set(locale)
  collect('/recommendations/cart', 200, {
    products: [
      { ...makeProduct(70), goes_with: 101 },
      { ...makeProduct(71), goes_with: null },
    ],
  })

  await openCart(add, cart)

  const companions = within(await screen.findByRole('region', { name: title })).getAllByRole('article')
  expect(companions.map((card) => within(card).queryByText(note) !== null)).toEqual([true, false])
})
