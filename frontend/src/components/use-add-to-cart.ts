import { type ShopId } from '@/lib/shop-id'
import type { Source } from '@/lib/tracking/source'
import { track } from '@/lib/tracking/track'
import { useCart } from '@/stores/cart'

/** What a cart keeps of a product. */
export interface CartProduct {
  product_id: ShopId
  title: string
  price: number
  image_url: string
}

/** Gives what puts a product into the cart, and tells by which answer it came there. */
export function useAddToCart(): (product: CartProduct, source: Source, quantity?: number) => void {
  const cart = useCart()
  return ({ product_id: productId, title, price, image_url: imageUrl }, source, quantity = 1) => {
    cart.add({ productId, title, price, imageUrl, source }, quantity)
    track('cart', productId, source)
  }
}
