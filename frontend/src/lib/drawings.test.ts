import { departmentDrawing, drawingUrl } from './drawings'

test.each([
  ['Soft Drinks, Juice & Water', 'cup-with-straw'],
  ['Frozen Foods', 'ice'],
  ['Meat & Seafood', 'cut-of-meat'],
  ['Deli & Packaged Meats', 'bacon'],
  ['Baby & Pet', 'teddy-bear'],
])('%s is drawn as %s', (name, drawing) => {
  expect(departmentDrawing(name, 1)).toBe(drawing)
})

test('departments of any name have a drawing, and neighbours differ', () => {
  const drawings = [1, 2, 3].map((id) => departmentDrawing(`Category ${id}`, id))

  expect(new Set(drawings).size).toBe(3)
  drawings.forEach((drawing) => {
    expect(drawingUrl(drawing)).toContain('.svg')
  })
})

test('a drawing that is not there is named', () => {
  expect(() => drawingUrl('unicorn')).toThrow('unicorn.svg')
})
