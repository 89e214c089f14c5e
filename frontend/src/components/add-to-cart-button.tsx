import { Check, ShoppingCart } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from './ui/button'
import { useMessages } from '@/i18n/use-messages'
import { type ShopId } from '@/lib/shop-id'
import type { Source } from '@/lib/tracking/source'
import { track } from '@/lib/tracking/track'
import { useCart } from '@/stores/cart'

const THANKS_MS = 1_500

interface AddToCartButtonProps {
  product: { product_id: ShopId; title: string; price: number; image_url: string }
  source: Source
  quantity?: number
  /** Only the icon, for cards. */
  isCompact?: boolean
}

export function AddToCartButton({ product, source, quantity = 1, isCompact = false }: AddToCartButtonProps) {
  const m = useMessages()
  const cart = useCart()
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

  const add = () => {
    const { product_id: productId, title, price, image_url: imageUrl } = product
    cart.add({ productId, title, price, imageUrl, source }, quantity)
    track('cart', productId, source)
    setWasAdded(true)
  }
  const Icon = wasAdded ? Check : ShoppingCart
  return (
    <>
      <Button
        size={isCompact ? 'icon' : 'large'}
        onClick={add}
        aria-label={isCompact ? m.product.addNamedToCart(product.title) : undefined}
      >
        <Icon aria-hidden />
        {!isCompact && (wasAdded ? m.product.added : m.product.addToCart)}
      </Button>
      <span role="status" className="sr-only">
        {wasAdded ? m.product.added : ''}
      </span>
    </>
  )
}
