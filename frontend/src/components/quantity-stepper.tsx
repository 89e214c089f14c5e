import { clsx } from 'clsx'
import { Minus, Plus, Trash2 } from 'lucide-react'
import type { Ref } from 'react'
import { Button } from './ui/button'
import { useMessages } from '@/i18n/use-messages'

interface QuantityStepperProps {
  quantity: number
  onChange: (quantity: number) => void
  /** What is counted, where other steppers stand on the page. */
  title?: string
  /** Takes the last one out, where that can be done. */
  onRemove?: () => void
  moreButton?: Ref<HTMLButtonElement>
  className?: string
}

/** One fewer, how many, one more. */
export function QuantityStepper({ quantity, onChange, title, onRemove, moreButton, className }: QuantityStepperProps) {
  const m = useMessages()
  const isLast = quantity <= 1
  return (
    <div
      role="group"
      aria-label={title === undefined ? m.product.quantity : m.product.quantityOf(title)}
      className={clsx('inline-flex items-center rounded-full border bg-card', className)}
    >
      <Button
        variant="ghost"
        size="icon"
        aria-label={isLast && onRemove ? m.cart.remove(title ?? '') : m.product.fewer}
        disabled={isLast && !onRemove}
        onClick={() => {
          if (isLast) onRemove?.()
          else onChange(quantity - 1)
        }}
      >
        {isLast && onRemove ? <Trash2 aria-hidden /> : <Minus aria-hidden />}
      </Button>
      <output className="min-w-7 text-center text-sm font-semibold tabular-nums">{quantity}</output>
      <Button
        ref={moreButton}
        variant="ghost"
        size="icon"
        aria-label={m.product.more}
        disabled={quantity >= 99}
        onClick={() => {
          onChange(quantity + 1)
        }}
      >
        <Plus aria-hidden />
      </Button>
    </div>
  )
}
