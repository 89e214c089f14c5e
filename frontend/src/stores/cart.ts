import { useMemo } from 'react'
import { shopperStore } from './shopper'
import { createStore } from '@/lib/create-store'
import { isSameId, type ShopId } from '@/lib/shop-id'
import type { Source } from '@/lib/tracking/source'

const MAX_QUANTITY = 99
const MAX_LINES = 50

/** A product in a cart, as it was when it was put in. The API checks the price again at the checkout. */
export interface CartLine {
  productId: ShopId
  title: string
  price: number
  imageUrl: string
  quantity: number
  source: Source | null
}

/** Every shopper of this browser has a cart of their own, by id or as guest. */
type Carts = Partial<Record<string, CartLine[]>>

const cartsStore = createStore<Carts>('31ie.carts.1', (stored) =>
  typeof stored === 'object' && stored !== null ? stored : {},
)

export interface Cart {
  lines: CartLine[]
  quantity: number
  add: (line: Omit<CartLine, 'quantity'>, quantity?: number) => void
  setQuantity: (productId: ShopId, quantity: number) => void
  remove: (productId: ShopId) => void
  clear: () => void
}

export function useCart(): Cart {
  const shopper = String(shopperStore.use())
  const carts = cartsStore.use()
  return useMemo(() => makeCart(shopper, carts[shopper] ?? []), [shopper, carts])
}

function makeCart(shopper: string, lines: CartLine[]): Cart {
  const keep = (next: CartLine[]) => {
    cartsStore.set({ ...cartsStore.get(), [shopper]: next })
  }
  const now = () => cartsStore.get()[shopper] ?? [] // what was put in since these lines were drawn is there, too
  const withQuantity = (productId: ShopId, quantity: number) =>
    now().map((line) => (isSameId(line.productId, productId) ? { ...line, quantity: clamp(quantity) } : line))
  return {
    lines,
    quantity: lines.reduce((sum, line) => sum + line.quantity, 0),
    add: (line, quantity = 1) => {
      const present = now().find(({ productId }) => isSameId(productId, line.productId))
      if (present) keep(withQuantity(line.productId, present.quantity + quantity))
      else keep([...now(), { ...line, quantity: clamp(quantity) }].slice(-MAX_LINES))
    },
    setQuantity: (productId, quantity) => {
      keep(withQuantity(productId, quantity))
    },
    remove: (productId) => {
      keep(now().filter((line) => !isSameId(line.productId, productId)))
    },
    clear: () => {
      keep([])
    },
  }
}

/** Adds up in thousandths, the smallest unit of any currency, so that nothing is lost to binary fractions. */
export function sumUp(lines: CartLine[]): number {
  return lines.reduce((sum, line) => sum + Math.round(line.price * 1000) * line.quantity, 0) / 1000
}

function clamp(quantity: number): number {
  return Math.min(Math.max(Math.trunc(quantity), 1), MAX_QUANTITY)
}
