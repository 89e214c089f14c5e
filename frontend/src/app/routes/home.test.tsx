import { fireEvent, screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { localeStore } from '@/i18n/locale-store'
import { shopperStore } from '@/stores/shopper'
import { makeShelves } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer, server } from '@/testing/server'

const title = (name: string) => screen.findByRole('heading', { level: 1, name })
const row = (name: string) => screen.findByRole('region', { name })
const grid = (name: string) => screen.findByRole('list', { name })
const putShelvesAway = () => {
  answer('get', '/recommendations/shelves', 503)
}

test('a shopper sees rows by what they are for, each under its name', async () => {
  renderApp('/')

  await title('홍길동님을 위한 추천')

  const names = ['다시 살 때가 됐어요', '‘Butter’ 구매와 어울리는 상품', '지금 많이 찾는 상품']
  expect(
    screen
      .getAllByRole('heading', { level: 2 })
      .slice(-3)
      .map(({ textContent }) => textContent),
  ).toEqual(names)
  for (const name of names) expect(within(await row(name)).getAllByRole('article')).toHaveLength(6)
})

test('a row is scrolled by its buttons, as far as it goes', async () => {
  const scrollBy = vi.spyOn(Element.prototype, 'scrollBy')
  vi.spyOn(Element.prototype, 'scrollWidth', 'get').mockReturnValue(900)
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(400)
  const user = renderApp('/')
  const popular = within(await row('지금 많이 찾는 상품'))

  expect(popular.getByRole('button', { name: /이전 상품/ })).toHaveAttribute('aria-disabled', 'true')
  await user.click(popular.getByRole('button', { name: /다음 상품/ }))
  expect(scrollBy).toHaveBeenCalledWith({ left: 400 })

  const list = popular.getByRole('list')
  list.scrollLeft = 500
  fireEvent.scroll(list)
  expect(popular.getByRole('button', { name: /다음 상품/ })).toHaveAttribute('aria-disabled', 'true')
  expect(popular.getByRole('button', { name: /이전 상품/ })).toHaveAttribute('aria-disabled', 'false')
})

test('while there are no shelves, twenty products stand in one list', async () => {
  putShelvesAway()
  renderApp('/')

  const cards = within(await grid('홍길동님을 위한 추천')).getAllByRole('article')

  expect(cards).toHaveLength(20)
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('홍길동님을 위한 추천')
})

test('a card says what, which department, how much, and what a coupon takes off', async () => {
  renderApp('/')

  const card = within(await row('다시 살 때가 됐어요')).getAllByRole('article')[0]!

  expect(card).toHaveTextContent('10% 할인')
  expect(card).toHaveTextContent('유제품·달걀')
  expect(card).toHaveTextContent('$1.50')
  expect(within(card).getByRole('link', { name: 'Product 1' })).toHaveAttribute('href', '/product/1')
})

test('rows hold the place while the products are on their way', () => {
  renderApp('/')

  expect(screen.getByRole('status', { name: '불러오는 중' }).children).toHaveLength(3)
})

test('a failure is said in a friendly way, and trying again helps', async () => {
  putShelvesAway()
  answer('get', '/recommendations/home', 500)
  const user = renderApp('/')
  const retry = await screen.findByRole('button', { name: '다시 시도' })

  server.resetHandlers()
  await user.click(retry)

  expect(await row('다시 살 때가 됐어요')).toBeVisible()
})

test('a shop without products says so', async () => {
  answer('get', '/recommendations/shelves', 200, { user_nickname: '', shelves: [] })
  answer('get', '/recommendations/home', 200, { user_nickname: '', recommendations: [] })
  renderApp('/')

  expect(await screen.findByText(/진열대를 채우고/)).toBeVisible()
})

test('a makeshift page says that the shopper’s own products are still to come', async () => {
  const body = { user_nickname: '', shelves: makeShelves(1) }
  server.use(
    http.get('*/recommendations/shelves', () => HttpResponse.json(body, { headers: { 'X-Rung': 'local:popular' } })),
  )
  renderApp('/')

  expect(await screen.findByText(/맞춤 추천을 불러오는 동안/)).toBeVisible()
})

test('why a product is shown is told on demand', async () => {
  localeStore.set('en')
  const user = renderApp('/')

  await user.click(await screen.findByRole('button', { name: 'Why is Product 2 shown?' }))

  expect(await screen.findByText('You bought it 3 times, about every 9 days.')).toBeVisible()
})

test('the panel shows what the headers say', async () => {
  const user = renderApp('/')

  await user.click(await screen.findByRole('button', { name: /추천의 뒷모습/ }))

  const panel = await screen.findByRole('dialog')
  for (const text of ['7', 'batch-1', 'published → popular', '2시간', 'request-1']) {
    expect(within(panel).getByText(text)).toBeVisible()
  }
})

test('another shopper sees other products', async () => {
  const user = renderApp('/')
  await title('홍길동님을 위한 추천')

  await user.click(await screen.findByRole('button', { name: /고객 선택/ }))
  await user.click(await screen.findByRole('menuitemradio', { name: /김신규/ }))

  await title('김신규님을 위한 추천')
  expect(screen.getByRole('link', { name: 'Product 101' })).toBeVisible()
})

test('a first visit goes shopping as a regular customer', async () => {
  shopperStore.set('undecided')
  renderApp('/')

  expect(await title('홍길동님을 위한 추천')).toBeVisible()
})

test('a shop that lets nobody choose shows a guest what is popular, and offers no choice', async () => {
  shopperStore.set('undecided')
  answer('get', '/users', 404)
  renderApp('/')

  expect(await title('지금 인기 있는 상품')).toBeVisible()
  expect(screen.getByText('비회원')).toBeVisible()
  expect(screen.queryByRole('button', { name: /고객 선택/ })).not.toBeInTheDocument()
  expect(screen.queryByText(/고객을 선택/)).not.toBeInTheDocument()
})

test('a late list of shoppers keeps nobody waiting, and leaves the choice open', async () => {
  shopperStore.set('undecided')
  answer('get', '/users', 503)
  renderApp('/')

  expect(await title('지금 인기 있는 상품')).toBeVisible()
  expect(shopperStore.get()).toBe('undecided')
})

test('the language changes everywhere at once', async () => {
  const user = renderApp('/')
  await title('홍길동님을 위한 추천')

  await user.click(screen.getByRole('button', { name: '언어: EN' }))

  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('Recommended for 홍길동')
  expect(document.documentElement).toHaveAttribute('lang', 'en')
})
