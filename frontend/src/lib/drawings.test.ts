import { drawingUrl } from './drawings'

test('a drawing has an address', () => {
  expect(drawingUrl('shopping-bags')).toContain('.svg')
})

test('a drawing that is not there is named', () => {
  expect(() => drawingUrl('unicorn')).toThrow('unicorn.svg')
})
