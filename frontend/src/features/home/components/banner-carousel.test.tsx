import { QueryClientProvider } from '@tanstack/react-query'
import { act, fireEvent, render, screen } from '@testing-library/react'
import { MemoryRouter } from 'react-router'
import { BannerCarousel } from './banner-carousel'
import { storefrontQuery } from '@/api/get-storefront'
import { makeQueryClient } from '@/lib/query-client'
import { REDUCED_MOTION } from '@/lib/use-media'
import { letMatch } from '@/testing/browser'
import { STOREFRONT } from '@/testing/catalogue'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function renderCarousel(banners = STOREFRONT.banners) {
  const client = makeQueryClient()
  client.setQueryData(storefrontQuery.queryKey, { ...STOREFRONT, banners })
  render(
    <QueryClientProvider client={client}>
      <MemoryRouter>
        <BannerCarousel />
      </MemoryRouter>
    </QueryClientProvider>,
  )
  return screen.queryByRole('region', { name: '기획전' })!
}

/** The number of the slide that is shown. */
function shown(): number {
  const dots = screen.getAllByRole('button', { name: /번째 기획전 보기/ })
  return dots.findIndex((dot) => dot.getAttribute('aria-current') === 'true') + 1
}

function pass(milliseconds: number): void {
  act(() => {
    vi.advanceTimersByTime(milliseconds)
  })
}

test('it turns every three seconds, and begins anew after the last', () => {
  renderCarousel()

  pass(2_999)
  expect(shown()).toBe(1)
  pass(1)
  expect(shown()).toBe(2)
  pass(3_000)
  pass(3_000)
  pass(3_000)
  expect(shown()).toBe(1)
})

test('it rests while the pointer is over it', () => {
  const carousel = renderCarousel()

  fireEvent.pointerEnter(carousel)
  pass(10_000)
  expect(shown()).toBe(1)

  fireEvent.pointerLeave(carousel)
  pass(3_000)
  expect(shown()).toBe(2)
})

test('it rests while the focus is in it', () => {
  renderCarousel()
  const next = screen.getByRole('button', { name: '다음 기획전' })

  fireEvent.focus(next)
  pass(10_000)
  expect(shown()).toBe(1)

  fireEvent.blur(next)
  pass(3_000)
  expect(shown()).toBe(2)
})

test('it never turns by itself for those who asked for less motion', () => {
  letMatch(REDUCED_MOTION)
  renderCarousel()

  pass(60_000)

  expect(shown()).toBe(1)
})

test('it stays paused until it is let go', () => {
  renderCarousel()

  fireEvent.click(screen.getByRole('button', { name: '기획전 멈추기' }))
  pass(60_000)
  expect(shown()).toBe(1)

  fireEvent.click(screen.getByRole('button', { name: '기획전 넘기기' }))
  pass(3_000)
  expect(shown()).toBe(2)
})

test('those who asked for less motion may still let it turn', () => {
  letMatch(REDUCED_MOTION)
  renderCarousel()

  fireEvent.click(screen.getByRole('button', { name: '기획전 넘기기' }))
  pass(3_000)

  expect(shown()).toBe(2)
})

test.each([
  ['다음 기획전', 2],
  ['이전 기획전', 4],
  ['3번째 기획전 보기', 3],
])('%s', (name, expected) => {
  renderCarousel()

  fireEvent.click(screen.getByRole('button', { name }))

  expect(shown()).toBe(expected)
})

test('choosing a slide starts its three seconds anew', () => {
  renderCarousel()
  pass(2_000)

  fireEvent.click(screen.getByRole('button', { name: '2번째 기획전 보기' }))
  pass(2_999)

  expect(shown()).toBe(2)
})

test('a single banner has nothing to turn', () => {
  renderCarousel(STOREFRONT.banners.slice(0, 1))

  expect(screen.getByRole('heading', { name: 'Banner 6' })).toBeVisible()
  expect(screen.queryByRole('button')).not.toBeInTheDocument()
})

test('a shop without banners shows none', () => {
  expect(renderCarousel([])).toBeNull()
})

test('words and colour of a banner are the merchant’s, pages say the rest', () => {
  const [banner] = STOREFRONT.banners
  const own = { ...banner!, text: { ko: '오늘만', en: 'Today only' }, background: '#ffe0f0', link: '/search?query=a' }
  renderCarousel([own])

  expect(screen.getByText('오늘만')).toBeVisible()
  expect(screen.getByRole('link', { name: '보러 가기' })).toHaveAttribute('href', '/search?query=a')
  expect(screen.getByRole('group')).toHaveStyle({ background: '#ffe0f0' })
})

test('a picture that does not load leaves its place empty', () => {
  const banners = STOREFRONT.banners.map((banner) => ({ ...banner, picture_urls: ['/gone.png', '/there.png'] }))
  const carousel = renderCarousel(banners)
  const [gone, there] = carousel.querySelectorAll('img')

  fireEvent.error(gone!)

  expect(gone).not.toBeInTheDocument()
  expect(there).toBeInTheDocument()
})
