import { useCategoryName } from './use-category-name'
import { useMessages } from './use-messages'
import type { components } from '@/lib/api/schema'
import { type ShopId } from '@/lib/shop-id'

type Reason = components['schemas']['Reason']

/** Why a product of a category is shown, in the chosen language, quoting what the shopper did where the API says it. */
export function useReasonWords({ code, facts }: Reason, categoryId: ShopId): string {
  const m = useMessages()
  const category = useCategoryName(categoryId).trim()
  const plain: Record<string, string> & { other: string } = m.reasons
  if (facts.days_between && facts.days_since != null) return m.reasonsQuoting.due(facts.days_since, facts.days_between)
  if (facts.num_orders && facts.days_between) return m.reasonsQuoting.often(facts.num_orders, facts.days_between)
  if (facts.num_orders) return m.reasonsQuoting.once
  if (facts.goes_with) return m.reasonsQuoting.goesWith(facts.goes_with)
  if (facts.product_type) return m.reasonsQuoting.kind(facts.product_type)
  if (code === 'popular_in_category' && category) return m.reasonsQuoting.popularIn(category)
  return plain[code] ?? plain.other
}
