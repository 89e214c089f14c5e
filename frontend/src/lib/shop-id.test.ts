import { isSameId, parseId, parsePathId, toCategoryPath, toProductPath } from './shop-id'

test.each([
  ['12', 12],
  ['0', 0],
  ['0012', '0012'],
  ['1e3', '1e3'],
  ['-1', '-1'],
  ['12 ', '12 '],
  ['9007199254740993', '9007199254740993'],
  ['a/b c', 'a/b c'],
])('%o in an address is the id %o', (text, id) => {
  expect(parseId(text)).toBe(id)
})

test('ids are the same by their spelling', () => {
  expect(isSameId(12, '12')).toBe(true)
  expect(isSameId('12', '0012')).toBe(false)
  expect(isSameId('a', 'A')).toBe(false)
  expect(isSameId('undefined', undefined)).toBe(false)
})

test.each(['a/b c', '50%', '한글', '?#', '0012', '.', '..', '...', '~.', '~~..', '~1', '%2e'])(
  '%o comes back from its address',
  (id) => {
    for (const path of [toProductPath(id), toCategoryPath(id)]) {
      const parts = new URL(path, 'https://shop.example').pathname.split('/')
      expect(parts).toHaveLength(3)
      expect(parsePathId(decodeURIComponent(parts[2] ?? ''))).toBe(id)
    }
  },
)
