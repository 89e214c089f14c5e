import { toMinorUnits } from './minor-units'

test.each([
  ['KRW', 1350.5, 1351],
  ['USD', 2.5, 2.5],
  ['USD', 0.1 + 0.2, 0.3],
  ['KWD', 1.2554, 1.255],
] as const)('a price in %s is rounded as it is charged', (currency, price, charged) => {
  expect(toMinorUnits(price, currency)).toBe(charged)
})
