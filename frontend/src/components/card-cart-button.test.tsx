import { screen, waitFor, within } from '@testing-library/react'
import { shopperStore } from '@/stores/shopper'
import { renderApp } from '@/testing/render-app'

let shopper = 2_000

beforeEach(() => {
  shopper += 1
  shopperStore.set(shopper) // each test has a cart of its own
})

const addFirst = () => screen.findByRole('button', { name: 'Product 101 장바구니에 담기' })
const stepper = () => within(screen.getByRole('group', { name: 'Product 101 수량' }))
const inCart = (quantity: number) => screen.getByRole('link', { name: `장바구니, ${quantity}개` })

test('a card counts what was put into the cart, and the keyboard stays where it is', async () => {
  const user = renderApp('/')
  const button = await addFirst()
  button.focus()

  await user.keyboard('{Enter}')
  expect(stepper().getByRole('button', { name: '하나 더하기' })).toHaveFocus()
  await user.keyboard('{Enter}')

  expect(inCart(2)).toBeVisible()
  expect(stepper().getByText('2')).toBeVisible()
})

test('taking the last one out of the cart gives the first button back, with the focus', async () => {
  const user = renderApp('/')
  await user.click(await addFirst())

  await user.click(stepper().getByRole('button', { name: 'Product 101 빼기' }))

  expect(inCart(0)).toBeVisible()
  await waitFor(async () => {
    expect(await addFirst()).toHaveFocus()
  })
})

test('a card of what lies in the cart already leaves the focus alone', async () => {
  const user = renderApp('/')
  await user.click(await addFirst())
  await user.click(inCart(1))
  await user.click(await screen.findByRole('link', { name: /홈$/ }))

  await screen.findByRole('group', { name: 'Product 101 수량' })
  expect(stepper().getByRole('button', { name: '하나 더하기' })).not.toHaveFocus()
})
