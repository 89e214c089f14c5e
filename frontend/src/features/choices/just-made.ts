import type { components } from '@/lib/api/schema'
import { createMemoryStore } from '@/lib/create-store'
import { type ShopId } from '@/lib/shop-id'

interface JustMade {
  choice: components['schemas']['Choice']
  userId: ShopId
}

/** The choice that was made last, as long as its notice offers to take it back. */
export const justMadeStore = createMemoryStore<JustMade | null>(null)
