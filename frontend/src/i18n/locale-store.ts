import { createStore } from '@/lib/create-store'

export const LOCALES = ['ko', 'en'] as const
export type Locale = (typeof LOCALES)[number]

/** Languages that are written from right to left, by their ISO 639 codes. */
const RIGHT_TO_LEFT = ['ar', 'fa', 'he', 'ur']

/** Which way a language is written. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.includes(language.split('-')[0] ?? '') ? 'rtl' : 'ltr'
}

/** Says on the document which language it speaks, and which way that is written. */
export function markLanguage(locale: Locale): void {
  document.documentElement.lang = locale
  document.documentElement.dir = directionOf(locale)
}

/** The language of the pages: the one chosen last, else the browser's. */
export const localeStore = createStore<Locale>('31ie.locale', (stored) => {
  const chosen = LOCALES.find((locale) => locale === stored)
  return chosen ?? (navigator.language.startsWith('ko') ? 'ko' : 'en')
})
