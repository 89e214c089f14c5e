import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import { consentStore } from '@/stores/consent'

/** Asks once whether the shop may learn from what the shopper does. Lies over the page, so that nothing moves. */
export function ConsentBar() {
  const m = useMessages()
  if (consentStore.use() !== 'undecided') return null
  return (
    <section
      aria-label={m.consent.label}
      className="fixed inset-x-3 bottom-3 z-40 mx-auto flex max-w-3xl flex-wrap items-center justify-end gap-3 rounded-2xl border bg-card p-4 shadow-xl"
    >
      <p className="min-w-60 flex-1 text-sm">{m.consent.text}</p>
      <div className="flex gap-2">
        <Button
          variant="outline"
          size="small"
          onClick={() => {
            consentStore.set('declined')
          }}
        >
          {m.consent.decline}
        </Button>
        <Button
          size="small"
          onClick={() => {
            consentStore.set('granted')
          }}
        >
          {m.consent.accept}
        </Button>
      </div>
    </section>
  )
}
