/** Words for codes that the API sends, and for names that a language may know better. */

export type ReasonTexts = Record<string, string> & { other: string }
export type KindNames = Record<'new' | 'light' | 'heavy' | 'lapsed', string>

/** Names of categories in the shop's own language, to those of this one. What is not here is shown as it is. */
export type CategoryNames = Record<string, string>
