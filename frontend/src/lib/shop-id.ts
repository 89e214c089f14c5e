/** An id as the shop spells it. Text may hold anything: leading zeros, blanks, slashes. */
export type ShopId = number | string

/** Reads an id from an address: a whole number is one, as the API writes it; all else is text. */
export function parseId(text: string): ShopId {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text
}

export function isSameId(one: ShopId, other: ShopId | undefined): boolean {
  return other !== undefined && String(one) === String(other)
}

export function toProductPath(id: ShopId): string {
  return `/product/${encodeURIComponent(id)}`
}

export function toCategoryPath(id: ShopId): string {
  return `/category/${encodeURIComponent(id)}`
}
