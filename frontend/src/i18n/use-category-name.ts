import { useQuery } from '@tanstack/react-query'
import { useMessages } from './use-messages'
import { categoriesQuery } from '@/api/get-categories'

/** Gives names of categories in the chosen language, as far as it has one of its own. */
export function useTranslateCategory(): (name: string) => string {
  const { categoryNames } = useMessages()
  return (name) => categoryNames[name] ?? name
}

/** The name of a category; a blank of the same height while the names are on their way. */
export function useCategoryName(categoryId: number): string {
  const translate = useTranslateCategory()
  const { data: categories = [] } = useQuery(categoriesQuery)
  const category = categories.find((each) => each.category_id === categoryId)
  return category ? translate(category.name) : '\u00a0'
}
