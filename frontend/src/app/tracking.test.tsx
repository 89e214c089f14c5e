import { act, screen, waitFor } from '@testing-library/react'
import { startTracking } from '@/lib/tracking/track'
import { consentStore } from '@/stores/consent'
import { scrollPast } from '@/testing/browser'
import { renderApp } from '@/testing/render-app'
import { collect, type EventsBody } from '@/testing/server'

const DWELL_MS = 1_100
let stop: () => void

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  stop = startTracking()
})

afterEach(() => {
  consentStore.set('declined')
  stop()
  vi.useRealTimers()
})

/** Opens the homepage and keeps what is sent to the shop. */
async function openHome() {
  const bodies = collect<EventsBody>('/events', 202, { accepted: 1, duplicates: 0, refused: 0 })
  const user = renderApp('/')
  await screen.findByRole('link', { name: 'Product 1' })
  const events = () => bodies.flatMap((body) => body.events)
  return { user, events }
}

async function pass(milliseconds: number): Promise<void> {
  await act(() => vi.advanceTimersByTimeAsync(milliseconds))
}

async function see(milliseconds: number): Promise<void> {
  scrollPast(true)
  await pass(milliseconds)
  scrollPast(false)
}

test('a product that was in view for a second is an impression, at its place in its answer', async () => {
  consentStore.set('granted')
  const { events } = await openHome()

  await see(DWELL_MS)
  await pass(5_000)

  expect(events()).toHaveLength(18)
  expect(events()[3]).toMatchObject({
    event_type: 'impression',
    product_id: 4,
    user_id: 1,
    request_id: 'request-1',
    position: 3,
    shelf: 'buy_again',
    place: 0,
    propensity: 0.95,
    batch_id: 'batch-1',
    model_version: '7',
    rung: 'published,popular',
  })
})

test('what is only scrolled past is none', async () => {
  consentStore.set('granted')
  const { events } = await openHome()

  await see(300)
  await pass(10_000)

  expect(events()).toEqual([])
})

test('a click and the cart name the answer that showed the product', async () => {
  consentStore.set('granted')
  const { user, events } = await openHome()

  await user.click(screen.getByRole('button', { name: 'Product 2 장바구니에 담기' }))
  await user.click(screen.getByRole('link', { name: 'Product 2' }))
  await pass(5_000)

  const told = events().map(({ event_type, product_id, request_id, position }) => [
    event_type,
    product_id,
    request_id,
    position,
  ])
  expect(told).toEqual([
    ['cart', 2, 'request-1', 1],
    ['click', 2, 'request-1', 1],
  ])
})

test('nothing leaves before the shopper has decided; then everything does', async () => {
  consentStore.set('undecided')
  const { user, events } = await openHome()
  await see(DWELL_MS)
  await pass(10_000)
  expect(events()).toEqual([])

  await user.click(screen.getByRole('button', { name: '네, 좋아요' }))
  await pass(5_000)

  expect(events()).toHaveLength(18)
})

test('a shopper who declines leaves no trace', async () => {
  consentStore.set('undecided')
  const { user, events } = await openHome()
  await see(DWELL_MS)

  await user.click(screen.getByRole('button', { name: '아니요' }))
  await user.click(screen.getByRole('link', { name: 'Product 2' }))
  await pass(10_000)

  expect(events()).toEqual([])
})

test('what waits when the page is closed is given to the browser to send', async () => {
  consentStore.set('granted')
  const { events } = await openHome()
  await see(DWELL_MS)

  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
  document.dispatchEvent(new Event('visibilitychange'))

  await waitFor(() => {
    expect(events()).toHaveLength(18)
  })
})
