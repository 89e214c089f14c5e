import { Sparkles } from 'lucide-react'
import { Button } from './ui/button'
import { Popover } from './ui/popover'
import { useMessages } from '@/i18n/use-messages'
import { useReasonWords } from '@/i18n/use-reason-words'
import type { components } from '@/lib/api/schema'

interface ReasonPopoverProps {
  product: components['schemas']['ListedProduct']
  reason: components['schemas']['Reason']
}

/** Why a product is shown, for those who ask. */
export function ReasonPopover({ product, reason }: ReasonPopoverProps) {
  const m = useMessages()
  const words = useReasonWords(reason, product.category_id)
  return (
    <Popover
      aria-label={m.product.whyShort}
      button={
        <Button variant="ghost" size="icon" className="size-9 text-primary" aria-label={m.product.why(product.title)}>
          <Sparkles aria-hidden />
        </Button>
      }
    >
      <p className="mb-1 font-semibold text-primary">{m.product.whyShort}</p>
      <p>{words}</p>
    </Popover>
  )
}
