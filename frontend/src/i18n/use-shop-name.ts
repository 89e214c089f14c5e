import { useLocalized } from './use-localized'
import { useMessages } from './use-messages'
import { useStorefront } from '@/api/get-storefront'

/** The shop's name; a plain word where its merchant gave none, nothing while it is on its way. */
export function useShopName(): string | undefined {
  const m = useMessages()
  const localized = useLocalized()
  const storefront = useStorefront()
  if (storefront === undefined) return undefined
  return storefront.name ? localized(storefront.name) : m.shop.unnamed
}
