import { useEffect, useRef, type RefObject } from 'react'
import type { Source } from './source'
import { track } from './track'
import { type ShopId } from '@/lib/shop-id'

const SHARE_IN_VIEW = 0.5
const DWELL_MS = 1_000

/** Notes an impression once at least half of the element was in view for a second, on a page that is in front. */
export function useImpression(productId: ShopId, source: Source): RefObject<HTMLElement> {
  const element = useRef<HTMLElement>(null)
  const { request_id: requestId } = source

  useEffect(() => {
    if (!element.current) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const noteIfInFront = () => {
      if (document.visibilityState !== 'visible') {
        timer = setTimeout(noteIfInFront, DWELL_MS)
        return
      }
      track('impression', productId, source)
      observer.disconnect()
    }
    const observer = new IntersectionObserver(
      (entries) => {
        clearTimeout(timer)
        if (entries.at(-1)?.isIntersecting) timer = setTimeout(noteIfInFront, DWELL_MS)
      },
      { threshold: SHARE_IN_VIEW },
    )
    observer.observe(element.current)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
    }
    // The source is made anew at each rendering; what tells answers apart is their request id.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [productId, requestId])

  return element
}
