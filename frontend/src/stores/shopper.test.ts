import { shopperStore, takeShopperFromAddress } from './shopper'

afterEach(() => {
  window.history.replaceState(null, '', '/')
})

test('a link names the shopper, once', () => {
  window.history.replaceState(null, '', '/search?query=milk&shopper=12')

  takeShopperFromAddress()

  expect(shopperStore.get()).toBe(12)
  expect(window.location.search).toBe('?query=milk')
})

test.each(['', '?shopper=', '?shopper=abc', '?shopper=1e9', '?shopper=-1'])('%o names nobody', (search) => {
  window.history.replaceState(null, '', `/${search}`)

  takeShopperFromAddress()

  expect(shopperStore.get()).toBe(1)
})
