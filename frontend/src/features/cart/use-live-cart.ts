import { useQueries } from '@tanstack/react-query'
import { productQuery } from '@/api/get-product'
import { ApiError } from '@/lib/api/api-error'
import type { components } from '@/lib/api/schema'
import { sumUp, useCart, type Cart, type CartLine } from '@/stores/cart'

type Coupon = components['schemas']['ListedCoupon']

const MAX_COUPONS = 10

export type LiveLine = CartLine & { isSoldOut: boolean }

export interface LiveCart extends Cart {
  lines: LiveLine[]
  /** Before coupons. */
  total: number
  /** What the shopper holds for something in the cart. */
  coupons: Coupon[]
}

/** The cart at today's prices: what was put in a while ago may have become dearer, or be gone. */
export function useLiveCart(userId: number | undefined): LiveCart {
  const cart = useCart()
  const answers = useQueries({ queries: cart.lines.map((line) => productQuery(line.productId, userId)) })
  const lines = cart.lines.map((line, index) => {
    const product = answers[index]?.data?.product
    return {
      ...line,
      price: product?.price ?? line.price,
      isSoldOut: product ? !product.in_stock : isGone(answers[index]?.error),
    }
  })
  const held = answers.flatMap(({ data }) => data?.product.coupons ?? [])
  return {
    ...cart,
    lines,
    total: sumUp(lines),
    coupons: [...new Map(held.map((coupon) => [coupon.coupon_id, coupon])).values()].slice(0, MAX_COUPONS),
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}
