import { shopperStore, takeShopperFromAddress, toShopper, toUserId } from './shopper'

afterEach(() => {
  window.history.replaceState(null, '', '/')
})

test('a link names the shopper, once', () => {
  window.history.replaceState(null, '', '/search?query=milk&shopper=12')

  takeShopperFromAddress()

  expect(shopperStore.get()).toBe(12)
  expect(window.location.search).toBe('?query=milk')
})

test.each(['0012', 'a/b c', '한글', 'guest', 'undecided', '#'])(
  'a link names the shopper %o, whose id is text',
  (id) => {
    window.history.replaceState(null, '', `/?shopper=${encodeURIComponent(id)}`)

    takeShopperFromAddress()

    expect(toUserId(shopperStore.get())).toBe(id)
  },
)

test('a shopper is the same from a link and from a list', () => {
  expect(toShopper('12')).toBe(toShopper(12))
  expect(toShopper('0012')).not.toBe(toShopper(12))
})

test.each(['', '?shopper='])('%o names nobody', (search) => {
  window.history.replaceState(null, '', `/${search}`)

  takeShopperFromAddress()

  expect(shopperStore.get()).toBe(1)
})
