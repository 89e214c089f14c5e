import { sumUp, type CartLine } from './cart'

function line(price: number, quantity: number): CartLine {
  return { productId: 1, title: 'Milk', price, imageUrl: '', quantity, source: null }
}

test.each([
  ['won', [line(29900, 3), line(1, 2)], 89702],
  ['cents', [line(0.1, 1), line(0.2, 1), line(1.15, 3)], 3.75],
  ['thousandths of a dinar', [line(1.255, 3), line(0.001, 1)], 3.766],
])('%s add up exactly', (_unit, lines, sum) => {
  expect(sumUp(lines)).toBe(sum)
})
