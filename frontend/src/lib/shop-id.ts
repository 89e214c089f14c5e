/** An id as the shop spells it. Text may hold anything: leading zeros, blanks, slashes. */
export type ShopId = number | string

/** Dots alone, which an address takes for steps to another one; with a tilde before them they stand for themselves. */
const DOTS = /^~*\.\.?$/

/** Reads an id that is written out: a whole number is one, as the API writes it; all else is text. */
export function parseId(text: string): ShopId {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text
}

/** Reads an id from a path, decoded. */
export function parsePathId(text: string): ShopId {
  return parseId(text.startsWith('~') && DOTS.test(text) ? text.slice(1) : text)
}

/** Writes an id for a path, to be encoded: `.` and `..` are `~.` and `~..` there. */
export function toPathId(id: ShopId): ShopId {
  return DOTS.test(String(id)) ? `~${id}` : id
}

export function isSameId(one: ShopId, other: ShopId | undefined): boolean {
  return other !== undefined && String(one) === String(other)
}

export function toProductPath(id: ShopId): string {
  return `/product/${encodeURIComponent(toPathId(id))}`
}

export function toCategoryPath(id: ShopId): string {
  return `/category/${encodeURIComponent(toPathId(id))}`
}
