import { Minus, Plus } from 'lucide-react'
import { Button } from './ui/button'
import { useMessages } from '@/i18n/use-messages'

interface QuantityStepperProps {
  quantity: number
  onChange: (quantity: number) => void
}

export function QuantityStepper({ quantity, onChange }: QuantityStepperProps) {
  const m = useMessages()
  return (
    <div role="group" aria-label={m.product.quantity} className="inline-flex items-center rounded-full border bg-card">
      <Button
        variant="ghost"
        size="icon"
        aria-label={m.product.fewer}
        disabled={quantity <= 1}
        onClick={() => {
          onChange(quantity - 1)
        }}
      >
        <Minus aria-hidden />
      </Button>
      <output className="min-w-7 text-center text-sm font-semibold tabular-nums">{quantity}</output>
      <Button
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
