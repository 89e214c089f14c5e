import { createStore } from '@/lib/create-store'

export const LOCALES = ['ko', 'en'] as const
export type Locale = (typeof LOCALES)[number]

/** The language of the pages: the one chosen last, else the browser's. */
export const localeStore = createStore<Locale>('31ie.locale', (stored) => {
  const chosen = LOCALES.find((locale) => locale === stored)
  return chosen ?? (navigator.language.startsWith('ko') ? 'ko' : 'en')
})
