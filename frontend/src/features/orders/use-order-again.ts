import { useMutation, useQueryClient } from '@tanstack/react-query'
import { productQuery } from '@/api/get-product'
import { useAddToCart } from '@/components/use-add-to-cart'
import { ApiError } from '@/lib/api/api-error'
import type { components } from '@/lib/api/schema'
import { toSource } from '@/lib/tracking/source'
import { shopperStore, toUserId } from '@/stores/shopper'

type Item = components['schemas']['OrderLine']

const GONE = [404, 422]

/** Asks for each product of an order as it is sold today, and puts those that can be had into the cart. */
export function useOrderAgain() {
  const client = useQueryClient()
  const add = useAddToCart()
  const userId = toUserId(shopperStore.use())

  const fetchProduct = async ({ product_id: id }: Item) => {
    try {
      return await client.query(productQuery(id, userId))
    } catch (error) {
      if (error instanceof ApiError && GONE.includes(error.status)) return undefined
      throw error
    }
  }
  return useMutation({
    mutationFn: async (items: Item[]) => {
      const found = await Promise.all(items.map(async (item) => ({ item, answer: await fetchProduct(item) })))
      const missing = found.filter(({ answer }) => !answer?.product.in_stock).map(({ item }) => item.title)
      for (const { item, answer } of found) {
        if (!answer?.product.in_stock) continue
        const { product, provenance } = answer
        add({ ...product, image_url: product.image_urls[0] ?? '' }, toSource(provenance, null), item.quantity)
      }
      return { numPutIn: items.length - missing.length, missing }
    },
  })
}
