import { act, screen, within } from '@testing-library/react'
import { consentStore } from '@/stores/consent'
import { noteViewed } from '@/stores/recently-viewed'
import { shopperStore } from '@/stores/shopper'
import { scrollPast } from '@/testing/browser'
import { makeDetails } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer } from '@/testing/server'

let shopper = 4_000

beforeEach(() => {
  shopper += 1
  shopperStore.set(shopper)
  consentStore.set('granted')
})

const row = () => screen.findByRole('list', { name: '최근 본 상품' })
const titles = (list: HTMLElement) =>
  within(list)
    .getAllByRole('heading')
    .map(({ textContent }) => textContent)

test('what was looked at stands on the homepage, the latest first, once it is scrolled to', async () => {
  const user = renderApp('/product/7')
  await screen.findByRole('heading', { level: 1, name: 'Product 7' })
  act(() => {
    noteViewed(8)
  })
  await user.click(screen.getAllByRole('link', { name: /홈$/ })[0]!)
  await screen.findByRole('heading', { level: 1, name: /인기/ })
  expect(screen.queryByRole('link', { name: 'Product 8' })).not.toBeInTheDocument()

  act(() => {
    scrollPast(true)
  })

  expect(titles(await row())).toEqual(['Product 8', 'Product 7'])
})

test('a product’s page shows the others, and none that is sold out', async () => {
  answer('get', '/products/8', 200, makeDetails(8, { in_stock: false }))
  for (const id of [9, 8, 7]) noteViewed(id)
  renderApp('/product/7')
  await screen.findByRole('heading', { level: 1, name: 'Product 7' })

  act(() => {
    scrollPast(true)
  })

  expect(titles(await row())).toEqual(['Product 9'])
})

test('each shopper has a list of their own, and who declines leaves none', () => {
  noteViewed(1)
  noteViewed(2)
  noteViewed(1)

  expect(localStorage.getItem('31ie.viewed')).toContain(`"${String(shopper)}":[1,2]`)
  consentStore.set('declined')
  noteViewed(3)
  expect(localStorage.getItem('31ie.viewed')).toBe('{}')
})
