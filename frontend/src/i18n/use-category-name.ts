import { useLocalized } from './use-localized'
import { useStorefront } from '@/api/get-storefront'
import { isSameId, type ShopId } from '@/lib/shop-id'

/** The name of a category in the chosen language; a blank of the same height while the names are on their way. */
export function useCategoryName(categoryId: ShopId): string {
  const localized = useLocalized()
  const department = useStorefront()?.departments.find((each) => isSameId(each.category_id, categoryId))
  return department ? localized(department.name) : '\u00a0'
}
