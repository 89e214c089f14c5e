/** Addresses of the few drawings of the pages' own in `src/assets/drawings`, by their names. */
const FILES = import.meta.glob<string>('../assets/drawings/*.svg', { query: '?url', import: 'default', eager: true })

export function drawingUrl(name: string): string {
  const url = FILES[`../assets/drawings/${name}.svg`]
  if (url === undefined) throw new Error(`There is no drawing ${name}: put ${name}.svg into src/assets/drawings.`)
  return url
}
