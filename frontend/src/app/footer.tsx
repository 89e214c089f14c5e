import { useStorefront } from '@/api/get-storefront'
import { useLocalized } from '@/i18n/use-localized'
import { useMessages } from '@/i18n/use-messages'
import { useShopName } from '@/i18n/use-shop-name'
import { consentStore } from '@/stores/consent'

export function Footer() {
  const m = useMessages()
  const localized = useLocalized()
  const name = useShopName()
  const storefront = useStorefront()
  return (
    <footer className="mt-12 border-t bg-muted">
      <div className="mx-auto flex max-w-7xl flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-8 text-sm text-muted-foreground">
        <p>
          <bdi className="font-semibold text-foreground">{name}</bdi>
          {storefront?.tagline && <> · {localized(storefront.tagline)}</>}
        </p>
        <p>{storefront?.notice ? localized(storefront.notice) : m.shop.footer}</p>
        <button
          type="button"
          className="underline underline-offset-4 hover:text-foreground"
          onClick={() => {
            consentStore.set('undecided')
          }}
        >
          {m.consent.change}
        </button>
      </div>
    </footer>
  )
}
