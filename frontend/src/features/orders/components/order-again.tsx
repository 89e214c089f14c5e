import { RotateCcw } from 'lucide-react'
import { Link } from 'react-router'
import { useOrderAgain } from '../use-order-again'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'

/** Puts what an order held into the cart once more, and says what cannot be had. */
export function OrderAgain({ items }: { items: components['schemas']['OrderLine'][] }) {
  const m = useMessages()
  const again = useOrderAgain()
  return (
    <footer className="flex min-h-14 flex-wrap items-center justify-end gap-x-4 gap-y-1 border-t px-4 py-2 text-sm">
      <div role="status" className="flex-1">
        {again.isError && m.errors.text}
        {again.data && (
          <>
            {again.data.numPutIn > 0 && (
              <>
                {m.orders.putIn(again.data.numPutIn)}{' '}
                <Link to="/cart" className="font-semibold text-primary underline underline-offset-4">
                  {m.orders.toCart}
                </Link>{' '}
              </>
            )}
            {again.data.missing.length > 0 && <bdi>{m.orders.missing(again.data.missing.join(', '))}</bdi>}
          </>
        )}
      </div>
      <Button
        variant="outline"
        size="small"
        disabled={again.isPending}
        onClick={() => {
          again.mutate(items)
        }}
      >
        <RotateCcw aria-hidden />
        {m.orders.again}
      </Button>
    </footer>
  )
}
