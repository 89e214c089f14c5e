import { render, screen } from '@testing-library/react'
import { ProductPrice } from './product-price'
import { localeStore } from '@/i18n/locale-store'

const REDUCED = { price: 2.5, regular_price: 3, unit_price: { price: 0.5, quantity: 100, unit: 'ml' } } as const

test('a reduced product says what it costs otherwise, and what a unit of it costs', () => {
  localeStore.set('en')
  render(<ProductPrice product={REDUCED} className="" />)

  expect(screen.getByText('$3.00').tagName).toBe('S')
  expect(screen.getByText('Regular price')).toHaveClass('sr-only')
  expect(screen.getByText('$0.50 / 100 ml')).toBeVisible()
})

test.each([
  ['ko', { price: 0.19, quantity: 1, unit: 'oz' }, 'oz당 $0.19'],
  ['ko', { price: 0.023, quantity: 1, unit: 'piece' }, '개당 $0.023'],
  ['en', { price: 0.15, quantity: 1, unit: 'piece' }, '$0.15 each'],
  ['en', { price: 0.75, quantity: 100, unit: 'piece' }, '$0.75 / 100 pieces'],
  ['en', { price: 0.25, quantity: 1, unit: 'fl_oz' }, '$0.25 / fl oz'],
] as const)('a unit price in %s: %j', (locale, unit, words) => {
  localeStore.set(locale)
  render(<ProductPrice product={{ price: 3, unit_price: unit }} className="" />)

  expect(screen.getByText(words)).toBeVisible()
  expect(document.querySelector('s')).toBeNull()
})
