import { en, type Words } from './en'
import { ko } from './ko'
import { localeStore, type Locale } from '@/i18n/locale-store'

export type { Words }

const WORDS: Record<Locale, Words> = { ko, en }

/** The words of the merchant's page; shoppers never load them. */
export function useWords(): Words {
  return WORDS[localeStore.use()]
}
