import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import type { components } from '@/lib/api/schema'
import { LOOK_AGAIN_MS } from '@/lib/load-part'
import { lookAgainAfterFailure } from '@/lib/query-client'
import { type ShopId } from '@/lib/shop-id'

export type Shelf = components['schemas']['Shelf']

/** The page of a shopper (a guest's without id) in shelves, and where they come from. */
export function shelvesQuery(userId: ShopId | undefined) {
  return queryOptions({
    queryKey: ['home', userId ?? 'guest', 'shelves'],
    queryFn: async ({ signal }) => {
      const started = performance.now()
      const params = { query: { user_id: userId } }
      const { data, headers } = await unpack(api.GET('/recommendations/shelves', { params, signal }))
      const latencyMs = Math.round(performance.now() - started)
      const provenance = readProvenance(headers)
      const isMakeshift = provenance.rung?.includes('local:') ?? false
      return { nickname: data.user_nickname, shelves: data.shelves, provenance, latencyMs, isMakeshift }
    },
    refetchInterval: (query) => (query.state.data?.isMakeshift ? LOOK_AGAIN_MS : lookAgainAfterFailure(query)),
  })
}
