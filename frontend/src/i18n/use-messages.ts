import { localeStore, type Locale } from './locale-store'
import { en, type Messages } from './messages/en'
import { ko } from './messages/ko'

const MESSAGES: Record<Locale, Messages> = { ko, en }

/** All words of the pages in the chosen language: `const m = useMessages()`, then `m.cart.title`. */
export function useMessages(): Messages {
  return MESSAGES[localeStore.use()]
}
