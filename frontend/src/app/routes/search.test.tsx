import { screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { makeFound } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer, server } from '@/testing/server'

function collectSearches(): URLSearchParams[] {
  const asked: URLSearchParams[] = []
  server.use(
    http.get('*/catalogue/search', ({ request }) => {
      asked.push(new URL(request.url).searchParams)
      return HttpResponse.json(makeFound())
    }),
  )
  return asked
}

test('what is typed is completed, and a line is chosen with the keys', async () => {
  const user = renderApp('/cart')
  const box = await screen.findByRole('combobox', { name: '검색' })

  await user.type(box, 'mi')
  expect(await screen.findAllByRole('option')).toHaveLength(3)
  expect(box).toHaveAttribute('aria-expanded', 'true')
  await user.keyboard('{ArrowDown}{ArrowDown}')

  const milk = screen.getByRole('option', { name: /^Milk/ })
  expect(milk).toHaveAttribute('aria-selected', 'true')
  expect(box).toHaveAttribute('aria-activedescendant', milk.id)
  await user.keyboard('{Enter}')
  expect(await screen.findByRole('heading', { level: 1, name: '‘Milk’ 검색 결과' })).toBeVisible()
})

test('an address without a word asks for one, and searches nothing', async () => {
  const asked = collectSearches()
  renderApp('/search?sort=price_up')

  expect(await screen.findByRole('heading', { level: 1, name: /검색창에 입력해 주세요/ })).toBeVisible()
  expect(asked).toEqual([])
})

test('a card says of how many variants it is the first', async () => {
  renderApp('/search?query=milk')

  const card = async (name: string) => within((await screen.findByRole('link', { name })).closest('article')!)
  expect((await card('Product 2')).getByText('옵션 3개')).toBeVisible()
  expect((await card('Product 3')).queryByText(/^옵션/)).not.toBeInTheDocument()
})

test('a department and a product that are suggested are opened', async () => {
  const user = renderApp('/cart')
  await user.type(await screen.findByRole('combobox'), 'x')
  await user.click(await screen.findByRole('option', { name: /^과일/ }))
  expect(await screen.findByRole('heading', { level: 1, name: '과일·채소' })).toBeVisible()

  await user.clear(screen.getByRole('combobox'))
  await user.type(screen.getByRole('combobox'), 'pr')
  await user.click(await screen.findByRole('option', { name: /^Product 3/ }))
  expect(await screen.findByRole('heading', { level: 1, name: 'Product 3' })).toBeVisible()
})

test('the arrows go around, and Escape leaves what was typed', async () => {
  const user = renderApp('/cart')
  const box = await screen.findByRole('combobox')
  await user.type(box, 'mi')
  await screen.findAllByRole('option')

  await user.keyboard('{ArrowUp}')
  expect(screen.getByRole('option', { name: /^Product 3/ })).toHaveAttribute('aria-selected', 'true')
  await user.keyboard('{ArrowDown}')
  expect(box).not.toHaveAttribute('aria-activedescendant')
  await user.keyboard('{Escape}')

  expect(screen.queryByRole('option')).not.toBeInTheDocument()
  expect(box).toHaveValue('mi')
})

test('a search is counted, narrowed, ordered and paged by its address', async () => {
  const asked = collectSearches()
  const user = renderApp('/search?query=milk')
  expect(await screen.findByText('30개 상품')).toBeVisible()

  await user.click(within(screen.getByRole('group', { name: '브랜드' })).getByRole('link', { name: /Alpine/ }))
  await waitFor(() => {
    expect(asked.at(-1)?.get('brand')).toBe('Alpine')
  })
  await user.selectOptions(screen.getByRole('combobox', { name: '정렬' }), '낮은 가격순')
  await waitFor(() => {
    expect(asked.at(-1)?.get('sort')).toBe('price_up')
  })
  await user.click(screen.getByRole('link', { name: '다음' }))
  await waitFor(() => {
    expect(asked.at(-1)?.get('offset')).toBe('24')
  })
  expect(asked.at(-1)?.get('brand')).toBe('Alpine')
  expect(await screen.findByText('2쪽 중 2쪽')).toBeVisible()

  await user.click(within(screen.getByRole('group', { name: '브랜드' })).getByRole('link', { name: /Alpine/ }))
  await waitFor(() => {
    expect([asked.at(-1)?.get('brand'), asked.at(-1)?.get('offset')]).toEqual([null, '0'])
  })
})

test('a choice that leaves nothing can be taken back', async () => {
  answer('get', '/catalogue/search', 200, makeFound({ products: [], total: 0 }))
  renderApp('/search?query=milk&brand=Alpine')

  expect(await screen.findByText(/조건에 맞는 상품이 없어요/)).toBeVisible()
  expect(screen.getByRole('link', { name: '모든 결과 보기' })).toHaveAttribute('href', '/search?query=milk')
})

test('what was searched instead of what was typed is said', async () => {
  answer('get', '/catalogue/search', 200, makeFound({ corrected_query: 'milk' }))
  renderApp('/search?query=mlik')

  expect(await screen.findByText(/‘milk’\(으\)로 찾은 결과예요/)).toBeVisible()
})
