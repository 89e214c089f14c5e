import { createStore } from './create-store'

const parse = (stored: unknown) => (typeof stored === 'number' ? stored : 0)

beforeEach(() => {
  localStorage.clear()
})

test('a value survives a reload', () => {
  createStore('count', parse).set(3)

  expect(createStore('count', parse).get()).toBe(3)
})

test.each(['no json', '"text"', '{'])('what another version left behind (%s) is parsed, not trusted', (left) => {
  localStorage.setItem('count', left)

  expect(createStore('count', parse).get()).toBe(0)
})

test('without storage the value lives as long as the page', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  const store = createStore('count', parse)

  store.set(5)

  expect(store.get()).toBe(5)
})
