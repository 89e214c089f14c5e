/** Words for codes that the API sends. */

export type ReasonTexts = Record<string, string> & { other: string }
export type KindNames = Record<'new' | 'light' | 'heavy' | 'lapsed', string>
