import { useCategoryName } from '@/i18n/use-category-name'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'

/** What a choice is about, and what follows from it, in words. */
export function useChoiceWords(choice: components['schemas']['Choice']) {
  const m = useMessages()
  const category = useCategoryName(choice.category_id)
  const title = choice.title ?? m.choices.gone
  const kind = choice.product_type ?? category
  const isOfKind = choice.kind === 'not_interested_type'
  const done = isOfKind ? m.choices.noMoreOfKind(kind) : m.choices.noMore(title)
  return { about: isOfKind ? kind : title, done, means: m.choices.means[choice.kind] }
}
