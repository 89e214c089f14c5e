import { useLocalized } from './use-localized'
import { useStorefront } from '@/api/get-storefront'

/** The name of a category in the chosen language; a blank of the same height while the names are on their way. */
export function useCategoryName(categoryId: number): string {
  const localized = useLocalized()
  const department = useStorefront()?.departments.find((each) => each.category_id === categoryId)
  return department ? localized(department.name) : '\u00a0'
}
