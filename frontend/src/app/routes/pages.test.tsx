import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { shopperStore } from '@/stores/shopper'
import { makeDetails, makeFound, makeProduct, STOREFRONT } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer, server } from '@/testing/server'

test('a category shows its products, and more of them on demand', async () => {
  const user = renderApp('/category/9')
  expect(await screen.findByRole('heading', { level: 1, name: '과일·채소' })).toBeVisible()

  await user.click(await screen.findByRole('button', { name: '더 보기' }))

  expect(await screen.findByRole('link', { name: 'Product 26' })).toBeVisible()
  expect(screen.queryByRole('button', { name: '더 보기' })).not.toBeInTheDocument()
})

test('a department that does not exist is said to be missing', async () => {
  renderApp('/category/999')

  expect(await screen.findByText('없는 카테고리예요.')).toBeVisible()
})

test('searching leads to what was found', async () => {
  const user = renderApp('/')

  await user.type(screen.getByRole('combobox', { name: '검색' }), '  milk {Enter}')

  expect(await screen.findByRole('heading', { level: 1, name: '‘milk’ 검색 결과' })).toBeVisible()
  expect(await screen.findByRole('link', { name: 'Product 1' })).toBeVisible()
})

test('a search that finds nothing says what helps', async () => {
  answer('get', '/catalogue/search', 200, makeFound({ products: [], total: 0 }))
  renderApp('/search?query=xyz')

  expect(await screen.findByText(/‘xyz’에 맞는 상품이 없어요/)).toBeVisible()
})

test.each([
  ['/category/9', ['홈'], '과일·채소'],
  ['/search?query=milk', ['홈'], '‘milk’ 검색 결과'],
  ['/product/1', ['홈', '유제품·달걀'], 'Product 1'],
])('the way to %s is shown', async (path, above, here) => {
  renderApp(path)

  const way = within(await screen.findByRole('navigation', { name: '현재 위치' }))

  expect(await way.findByText(here)).toHaveAttribute('aria-current', 'page')
  expect(way.getAllByRole('link').map(({ textContent }) => textContent)).toEqual(above)
})

test('a product shows its facts, its reviews and what goes with it', async () => {
  renderApp('/product/1')

  expect(await screen.findByRole('heading', { level: 1, name: 'Product 1' })).toBeVisible()
  expect(screen.getByText('Alpine')).toBeVisible()
  expect(screen.getByText('Tastes of the meadow.')).toBeVisible()
  const row = async (name: string) => within(await screen.findByRole('region', { name })).getAllByRole('article')
  expect(await row('함께 사면 좋은 상품')).toHaveLength(3)
  expect(await row('대신 살 만한 상품')).toHaveLength(2)
})

test('where neither is known, what comes closest to a product is one list', async () => {
  const body = { product_id: 1, products: [makeProduct(50)], complements: [], substitutes: [] }
  answer('get', '/products/:id/similar', 200, body)
  renderApp('/product/1')

  const row = await screen.findByRole('region', { name: '이런 상품은 어떠세요?' })

  expect(within(row).getAllByRole('article')).toHaveLength(1)
  expect(screen.queryByRole('region', { name: '대신 살 만한 상품' })).not.toBeInTheDocument()
})

test.each(['a/b c', '50%', '한글', '0012'])('the product %o, whose id is text, is asked for by that id', async (id) => {
  const asked: string[] = []
  server.use(
    http.get('*/products/*', ({ request }) => {
      asked.push(new URL(request.url).pathname)
      return HttpResponse.json(makeDetails(1, { product_id: id }))
    }),
  )
  renderApp(`/product/${encodeURIComponent(id)}`)

  expect(await screen.findByRole('heading', { level: 1, name: 'Product 1' })).toBeVisible()
  expect(asked).toContain(`/products/${encodeURIComponent(id)}`)
})

test('a department whose id is text is found by its address', async () => {
  const departments = STOREFRONT.departments.map((each) => ({ ...each, category_id: `a/b ${each.category_id}` }))
  answer('get', '/storefront', 200, { ...STOREFRONT, departments })
  const user = renderApp('/')

  await user.click(await screen.findByRole('link', { name: '과일·채소' }))

  expect(await screen.findByRole('heading', { level: 1, name: '과일·채소' })).toBeVisible()
})

test('a product offers its other sizes and kinds, each on a page of its own', async () => {
  const variants = Array.from({ length: 8 }, (_, index) => ({ ...makeProduct(index + 2), size: `${String(index)} oz` }))
  answer('get', '/products/1', 200, makeDetails(1, { family_id: 1, variants }))
  const user = renderApp('/product/1')
  const list = within(await screen.findByRole('region', { name: '다른 용량·종류' }))

  expect(list.getAllByRole('link')).toHaveLength(6)
  expect(list.getByRole('link', { name: /Product 2.*0 oz.*2/ })).toHaveAttribute('href', '/product/2')
  await user.click(list.getByRole('button', { name: '8개 모두 보기' }))

  expect(list.getAllByRole('link')).toHaveLength(8)
  expect(list.queryByRole('button')).not.toBeInTheDocument()
})

test('a product without variants offers none', async () => {
  renderApp('/product/1')
  await screen.findByRole('heading', { level: 1 })

  expect(screen.queryByRole('region', { name: '다른 용량·종류' })).not.toBeInTheDocument()
})

test('a sold-out product cannot be taken', async () => {
  answer('get', '/products/1', 200, makeDetails(1, { in_stock: false }))
  renderApp('/product/1')

  expect(await screen.findByText('품절')).toBeVisible()
  expect(screen.queryByRole('button', { name: '장바구니 담기' })).not.toBeInTheDocument()
})

test.each(['/product/1', '/product/none'])('a product that is not sold is said to be missing (%s)', async (path) => {
  answer('get', '/products/:id', 404)
  renderApp(path)

  expect(await screen.findByText('판매하지 않는 상품이에요.')).toBeVisible()
})

test('a missing list of similar products leaves the rest of the page alone', async () => {
  answer('get', '/products/:id/similar', 500)
  renderApp('/product/1')

  expect(await screen.findByRole('heading', { level: 1, name: 'Product 1' })).toBeVisible()
})

test('a shopper sees their orders', async () => {
  renderApp('/my-orders')

  const order = await screen.findByRole('article', { name: '주문 번호 3' })

  expect(order).toHaveTextContent('결제 완료')
  expect(within(order).getByRole('link')).toHaveAttribute('href', '/product/3')
})

test('a guest has no orders to see', async () => {
  shopperStore.set('guest')
  renderApp('/my-orders')

  expect(await screen.findByText(/주문 내역을 보려면/)).toBeVisible()
})

test('an address that does not exist leads home', async () => {
  renderApp('/nowhere')

  expect(await screen.findByText('없는 페이지예요.')).toBeVisible()
})
