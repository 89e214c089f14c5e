import { localeStore } from './locale-store'
import type { LocalizedText } from '@/api/get-storefront'

/** Gives the merchant's words in the chosen language. */
export function useLocalized(): (text: LocalizedText) => string {
  const locale = localeStore.use()
  return (text) => text[locale]
}
