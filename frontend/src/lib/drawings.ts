/** Addresses of the small drawings in `src/assets/drawings`, by their names. */
const FILES = import.meta.glob<string>('../assets/drawings/*.svg', { query: '?url', import: 'default', eager: true })

export function drawingUrl(name: string): string {
  const url = FILES[`../assets/drawings/${name}.svg`]
  if (url === undefined) throw new Error(`There is no drawing ${name}: put ${name}.svg into src/assets/drawings.`)
  return url
}

/** What a department's name is about, most telling words first, and the drawing that stands for it. */
const DEPARTMENTS: [RegExp, string][] = [
  [/baby|\bpets?\b|toy/i, 'teddy-bear'],
  [/beer|wine|alcohol/i, 'wine-glass'],
  [/bread|bakery/i, 'baguette-bread'],
  [/breakfast|coffee|baking/i, 'pancakes'],
  [/canned|pasta|sauce/i, 'canned-food'],
  [/dairy|egg|milk|cheese/i, 'cheese-wedge'],
  [/\bdeli\b|packaged meat|\bham\b/i, 'bacon'],
  [/frozen|\bice\b/i, 'ice'],
  [/fruit|vegetable|produce/i, 'red-apple'],
  [/health|beauty|care/i, 'lotion-bottle'],
  [/home|flower|season|garden/i, 'bouquet'],
  [/household|paper|clean/i, 'roll-of-paper'],
  [/meat|seafood|fish/i, 'cut-of-meat'],
  [/natural|organic/i, 'seedling'],
  [/snack|sweet|candy/i, 'popcorn'],
  [/drink|juice|water|beverage/i, 'cup-with-straw'],
]
const OTHERS = ['shopping-bags', 'strawberry', 'cookie', 'broccoli', 'croissant', 'tropical-drink', 'grapes', 'tomato']

/** The drawing of a department: by its name, else one of a few by its id. */
export function departmentDrawing(name: string, categoryId: number): string {
  const found = DEPARTMENTS.find(([words]) => words.test(name))
  return found?.[1] ?? OTHERS[categoryId % OTHERS.length] ?? 'shopping-bags'
}
