import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import { readProvenance } from '@/lib/api/provenance'
import type { components } from '@/lib/api/schema'
import { LOOK_AGAIN_MS } from '@/lib/load-part'
import { lookAgainAfterFailure } from '@/lib/query-client'
import { type ShopId } from '@/lib/shop-id'

const PRODUCTS_ON_THE_PAGE = 20

/** The recommendations of a shopper (a guest's without id), and where they come from. */
export function homeQuery(userId: ShopId | undefined) {
  return queryOptions({
    queryKey: ['home', userId ?? 'guest'],
    queryFn: async ({ signal }) => {
      const started = performance.now()
      const asking = api.GET('/recommendations/home', {
        params: { query: { user_id: userId, limit: PRODUCTS_ON_THE_PAGE, explain: true } },
        signal,
      })
      const { data, headers } = await unpack(asking)
      const page = data as components['schemas']['ExplainedHome'] // the one of the two bodies that `explain` asks for
      const latencyMs = Math.round(performance.now() - started)
      const provenance = readProvenance(headers)
      const isMakeshift = provenance.rung?.includes('local:') ?? false
      return { nickname: page.user_nickname, products: page.recommendations, provenance, latencyMs, isMakeshift }
    },
    // The API's local fallback is a makeshift: what the shopper should see may be there a moment later.
    refetchInterval: (query) => (query.state.data?.isMakeshift ? LOOK_AGAIN_MS : lookAgainAfterFailure(query)),
  })
}
