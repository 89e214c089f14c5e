import { useMessages } from '@/i18n/use-messages'
import { consentStore } from '@/stores/consent'

export function Footer() {
  const m = useMessages()
  return (
    <footer className="mt-12 border-t bg-muted">
      <div className="mx-auto flex max-w-7xl flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-8 text-sm text-muted-foreground">
        <p>
          <span className="font-semibold text-foreground">31IE</span> · {m.shop.tagline}
        </p>
        <p>{m.shop.footer}</p>
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
