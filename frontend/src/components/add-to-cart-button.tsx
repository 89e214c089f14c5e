import { Check, ShoppingCart } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from './ui/button'
import { type CartProduct, useAddToCart } from './use-add-to-cart'
import { useMessages } from '@/i18n/use-messages'
import type { Source } from '@/lib/tracking/source'

const THANKS_MS = 1_500

interface AddToCartButtonProps {
  product: CartProduct
  source: Source
  quantity: number
}

/** Puts as many as were chosen into the cart, and says so for a moment. */
export function AddToCartButton({ product, source, quantity }: AddToCartButtonProps) {
  const m = useMessages()
  const add = useAddToCart()
  const [wasAdded, setWasAdded] = useState(false)

  useEffect(() => {
    if (!wasAdded) return
    const timer = setTimeout(() => {
      setWasAdded(false)
    }, THANKS_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [wasAdded])

  const Icon = wasAdded ? Check : ShoppingCart
  return (
    <>
      <Button
        size="large"
        onClick={() => {
          add(product, source, quantity)
          setWasAdded(true)
        }}
      >
        <Icon aria-hidden />
        {wasAdded ? m.product.added : m.product.addToCart}
      </Button>
      <span role="status" className="sr-only">
        {wasAdded ? m.product.added : ''}
      </span>
    </>
  )
}
