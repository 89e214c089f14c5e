import { readEnv } from './env'

test('without settings the API is where the pages come from, and prices are in dollars', () => {
  expect(readEnv({})).toEqual({ apiUrl: '', currency: 'USD' })
})

test('an address loses its last slash', () => {
  expect(readEnv({ VITE_API_URL: 'https://shop.example/' }).apiUrl).toBe('https://shop.example')
})

test.each([{ VITE_API_URL: 'shop.example' }, { VITE_CURRENCY: 'won' }])(
  '%o stops the pages with a word of what to do',
  (given) => {
    expect(() => readEnv(given)).toThrow(/VITE_\w+=\S+ is no .+: .+/)
  },
)
