import type { PreviewedPage } from './api/preview'

/** What sets a page apart from the page as it is now. */
export interface Differences {
  /** The slot that each product has now, counted from 1. */
  slots: Map<string, number>
  /** The titles of products that are on the page now and not on this one, but for those that a rule holds back here. */
  gone: string[]
  /** Whether it shows the same products in the same order. */
  isSame: boolean
}

/** Compares a page with the page as it is now. */
export function compare(page: PreviewedPage, now: PreviewedPage): Differences {
  const ids = page.recommendations.map((each) => String(each.product_id))
  const slots = new Map(now.recommendations.map((each, index) => [String(each.product_id), index + 1]))
  const named = [...ids, ...page.held_back.map((each) => String(each.product_id))]
  const gone = now.recommendations.filter((each) => !named.includes(String(each.product_id)))
  const isSame = ids.length === slots.size && ids.every((id, index) => slots.get(id) === index + 1)
  return { slots, gone: gone.map((each) => each.title), isSame }
}
