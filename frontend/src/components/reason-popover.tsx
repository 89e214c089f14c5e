import { Sparkles } from 'lucide-react'
import { Button } from './ui/button'
import { Popover, PopoverContent, PopoverTrigger } from './ui/popover'
import { localeStore } from '@/i18n/locale-store'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'

interface ReasonPopoverProps {
  title: string
  reason: components['schemas']['Reason']
}

/** Why a product is shown, for those who ask. The API's own words, which quote the shopper's purchases, are English. */
export function ReasonPopover({ title, reason }: ReasonPopoverProps) {
  const m = useMessages()
  const locale = localeStore.use()
  const reasons: Record<string, string> & { other: string } = m.reasons
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button variant="ghost" size="icon" className="text-primary" aria-label={m.product.why(title)}>
          <Sparkles aria-hidden />
        </Button>
      </PopoverTrigger>
      <PopoverContent aria-label={m.product.whyShort}>
        <p className="mb-1 font-semibold text-primary">{m.product.whyShort}</p>
        <p>{locale === 'en' ? `${reason.text}.` : (reasons[reason.code] ?? reasons.other)}</p>
      </PopoverContent>
    </Popover>
  )
}
