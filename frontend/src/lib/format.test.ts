import { makeFormats } from './format'

test.each([
  ['ko', 'KRW', 29900, '₩29,900'],
  ['en', 'KRW', 29900, '₩29,900'],
  ['ko', 'USD', 3.5, '$3.50'],
  ['en', 'USD', 1234.5, '$1,234.50'],
  ['en', 'KWD', 1.255, 'KWD 1.255'],
  ['en', 'IQD', 1.25, 'IQD 1.250'],
] as const)('a price in %s and %s', (locale, currency, amount, written) => {
  expect(makeFormats(locale, currency).price(amount).replace(/\s/g, ' ')).toBe(written)
})

test.each([
  ['USD', 0.0234, '$0.023'],
  ['USD', 0.125, '$0.13'],
  ['KRW', 4.26, '₩4.3'],
  ['KRW', 1230, '₩1,230'],
] as const)('a unit price in %s of %d', (currency, amount, written) => {
  expect(makeFormats('en', currency).unitPrice(amount)).toBe(written)
})

test.each([
  [59, '59 seconds'],
  [3_600, '1 hour'],
  [200_000, '2 days'],
])('%d seconds are said in the largest unit', (seconds, written) => {
  expect(makeFormats('en', 'USD').age(seconds)).toBe(written)
})
