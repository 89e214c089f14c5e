import { useQueries, useQuery } from '@tanstack/react-query'
import { quoteQuery } from './api/get-quote'
import { useKeptCoupons, type KeptCoupons } from './kept-coupons'
import { productQuery } from '@/api/get-product'
import { env } from '@/config/env'
import { ApiError } from '@/lib/api/api-error'
import type { components } from '@/lib/api/schema'
import { toMinorUnits } from '@/lib/minor-units'
import { type ShopId } from '@/lib/shop-id'
import { sumUp, useCart, type Cart, type CartLine } from '@/stores/cart'

export type LiveLine = CartLine & { isSoldOut: boolean }

export interface LiveCart extends Cart, Omit<KeptCoupons, 'forgetKept'> {
  lines: LiveLine[]
  /** Before coupons. */
  subtotal: number
  /** What the API charges for these very lines, coupons taken off; without its word, what the lines cost. */
  total: number
  /** What takes money off. */
  coupons: components['schemas']['RedeemedCoupon'][]
  /** Whether the sum for these very lines is still on its way. */
  isCounting: boolean
  /** Whether the shop has less of something than the cart. */
  isTooMuch: boolean
}

/** The cart at today's prices: what was put in a while ago may have become dearer, or be gone. */
export function useLiveCart(userId: ShopId | undefined): LiveCart {
  const cart = useCart()
  const answers = useQueries({ queries: cart.lines.map((line) => productQuery(line.productId, userId)) })
  const { forgetKept, ...coupons } = useKeptCoupons(userId)
  const keptIds = coupons.kept.map(({ coupon_id: id }) => id)
  const asked = useQuery(quoteQuery(userId, cart.lines, keptIds))
  const lines = cart.lines.map((line, index) => {
    const product = answers[index]?.data?.product
    return {
      ...line,
      price: toMinorUnits(product?.price ?? line.price, env.currency),
      isSoldOut: product ? !product.in_stock : isRefused(answers[index]?.error, 404),
    }
  })
  const quote = asked.isError ? undefined : asked.data
  const subtotal = sumUp(lines)
  return {
    ...cart,
    ...coupons,
    clear: () => {
      cart.clear()
      forgetKept()
    },
    lines,
    subtotal: quote?.total_before_coupons ?? subtotal,
    total: quote?.total_amount ?? subtotal,
    coupons: quote?.coupons ?? [],
    isCounting: asked.isLoading || asked.isPlaceholderData,
    isTooMuch: isRefused(asked.error, 409) && !lines.some((line) => line.isSoldOut),
  }
}

function isRefused(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status
}
