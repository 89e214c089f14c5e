import { infiniteQueryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { toPathId, type ShopId } from '@/lib/shop-id'

const ORDERS_AT_ONCE = 10

/** The orders of a shopper, newest first, part by part. */
export function ordersQuery(userId: ShopId) {
  return infiniteQueryOptions({
    queryKey: ['orders', userId],
    queryFn: async ({ signal, pageParam }) => {
      const params = { path: { user_id: toPathId(userId) }, query: { limit: ORDERS_AT_ONCE, cursor: pageParam } }
      return (await unpack(api.GET('/users/{user_id}/orders', { params, signal }))).data
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
}
