import { clsx } from 'clsx'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useId, useRef, useState, type ReactNode, type RefObject } from 'react'
import { CardSkeleton } from './product-grid'
import { Button } from './ui/button'
import { Skeleton } from './ui/skeleton'
import { useMessages } from '@/i18n/use-messages'

/** As wide as the cards of a grid; on a phone the next one shows that there is more. */
const ROW =
  'grid snap-x snap-mandatory auto-cols-[42%] grid-flow-col gap-3 overflow-x-auto overscroll-x-contain scroll-smooth py-1 ' +
  '[scrollbar-width:none] sm:auto-cols-[30%] sm:gap-4 md:auto-cols-[calc((100%-3rem)/4)] ' +
  'lg:auto-cols-[calc((100%-4rem)/5)] xl:auto-cols-[calc((100%-5rem)/6)]'

interface ProductRowProps {
  title: string
  children: ReactNode[]
}

/** Products in one line that scrolls: by buttons, by touch, and along with the focus of the keyboard. */
export function ProductRow({ title, children }: ProductRowProps) {
  const m = useMessages()
  const id = useId()
  const row = useRef<HTMLUListElement>(null)
  const { isScrolled, hasMore } = useOverflow(row, children.length)
  const scroll = (pages: number) => {
    const { current } = row
    const towards = current && getComputedStyle(current).direction === 'rtl' ? -pages : pages
    current?.scrollBy({ left: towards * current.clientWidth })
  }
  return (
    <section aria-labelledby={id}>
      <div className="mb-2 flex min-h-10 items-center justify-between gap-4">
        <h2 id={id} className="text-lg font-bold tracking-tight sm:text-xl">
          {title}
        </h2>
        <div className="flex gap-1 max-sm:hidden">
          <Button
            variant="outline"
            size="icon"
            aria-label={m.row.back(title)}
            aria-disabled={!isScrolled}
            className="aria-disabled:opacity-40"
            onClick={() => {
              scroll(-1)
            }}
          >
            <ChevronLeft aria-hidden className="rtl:-scale-x-100" />
          </Button>
          <Button
            variant="outline"
            size="icon"
            aria-label={m.row.on(title)}
            aria-disabled={!hasMore}
            className="aria-disabled:opacity-40"
            onClick={() => {
              scroll(1)
            }}
          >
            <ChevronRight aria-hidden className="rtl:-scale-x-100" />
          </Button>
        </div>
      </div>
      <ul ref={row} aria-labelledby={id} className={ROW}>
        {children.map((child, position) => (
          <li key={position} className="grid snap-start">
            {child}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** A row before its products are there, of the same size. */
export function ProductRowSkeleton() {
  return (
    <div aria-hidden>
      <div className="mb-2 flex min-h-10 items-center">
        <Skeleton className="h-6 w-48 rounded-md" />
      </div>
      <div className={clsx(ROW, 'overflow-x-hidden')}>
        {Array.from({ length: 6 }, (_, index) => (
          <CardSkeleton key={index} />
        ))}
      </div>
    </div>
  )
}

/** Whether a row is scrolled away from its start, and whether it can be scrolled on. */
function useOverflow(row: RefObject<HTMLElement>, count: number) {
  const [place, setPlace] = useState({ isScrolled: false, hasMore: false })
  useEffect(() => {
    const element = row.current
    if (!element) return
    const look = () => {
      const passed = Math.abs(element.scrollLeft)
      const left = element.scrollWidth - element.clientWidth - passed
      setPlace({ isScrolled: passed > 1, hasMore: left > 1 })
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [row, count])
  return place
}
