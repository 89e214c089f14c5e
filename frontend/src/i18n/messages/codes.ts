/** Words for codes that the API sends. */
import type { components } from '@/lib/api/schema'

export type ReasonTexts = Record<string, string> & { other: string }
export type ShelfTitles = Record<string, string> & { other: string }
export type KindNames = Record<'new' | 'light' | 'heavy' | 'lapsed', string>
export type SuggestionKindNames = Record<'category' | 'product_type' | 'brand' | 'product', string>
export type UnitNames = Record<components['schemas']['UnitPrice']['unit'], string>
export type ChoiceMeanings = Record<components['schemas']['Choice']['kind'], string>
