import { useQuery } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { ChevronLeft, ChevronRight, Pause, Play } from 'lucide-react'
import { useCallback, useState } from 'react'
import { useAutoAdvance } from '../hooks/use-auto-advance'
import { useHasPainted } from '../hooks/use-has-painted'
import { SLIDES, type Slide } from '../slides'
import { BannerSlide } from './banner-slide'
import { categoriesQuery } from '@/api/get-categories'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'

const ARROW = 'absolute top-1/2 hidden -translate-y-1/2 sm:block'

/** Offers that turn every three seconds until they are paused, and rest while somebody looks closer. */
export function BannerCarousel() {
  const m = useMessages()
  const [shown, setShown] = useState(0)
  const hasPainted = useHasPainted()
  const { data: categories = [] } = useQuery(categoriesQuery)
  const move = useCallback((step: number) => {
    setShown((index) => (index + step + SLIDES.length) % SLIDES.length)
  }, [])
  const advance = useCallback(() => {
    move(1)
  }, [move])
  const { isTurning, isPlaying, setIsPlaying, pausing } = useAutoAdvance(advance, shown)

  const hrefOf = (slide: Slide) => {
    const category = categories.find(({ name }) => slide.department.test(name))
    return category ? `/category/${category.category_id}` : '#recommendations'
  }
  return (
    <section
      aria-roledescription="carousel"
      aria-label={m.banner.label}
      className="relative h-44 overflow-hidden rounded-2xl sm:h-72"
      {...pausing}
    >
      <div className="absolute top-2 end-2 z-10 sm:top-4 sm:end-4">
        <Button
          variant="floating"
          size="icon"
          aria-label={isPlaying ? m.banner.pause : m.banner.play}
          onClick={() => {
            setIsPlaying(!isPlaying)
          }}
        >
          {isPlaying ? <Pause aria-hidden /> : <Play aria-hidden />}
        </Button>
      </div>
      <div aria-live={isTurning ? 'off' : 'polite'}>
        {SLIDES.map((slide, index) => (
          <BannerSlide
            key={slide.id}
            slide={slide}
            number={index + 1}
            total={SLIDES.length}
            isShown={index === shown}
            isNear={index === shown || (hasPainted && index === (shown + 1) % SLIDES.length)}
            href={hrefOf(slide)}
          />
        ))}
      </div>
      <div className={clsx(ARROW, 'start-4')}>
        <Button
          variant="floating"
          size="icon"
          aria-label={m.banner.previous}
          onClick={() => {
            move(-1)
          }}
        >
          <ChevronLeft aria-hidden className="rtl:-scale-x-100" />
        </Button>
      </div>
      <div className={clsx(ARROW, 'end-4')}>
        <Button
          variant="floating"
          size="icon"
          aria-label={m.banner.next}
          onClick={() => {
            move(1)
          }}
        >
          <ChevronRight aria-hidden className="rtl:-scale-x-100" />
        </Button>
      </div>
      <BannerDots shown={shown} onChoose={setShown} />
    </section>
  )
}

function BannerDots({ shown, onChoose }: { shown: number; onChoose: (index: number) => void }) {
  const m = useMessages()
  return (
    <div className="absolute inset-x-0 bottom-0 flex justify-center">
      {SLIDES.map((slide, index) => (
        <button
          key={slide.id}
          type="button"
          aria-label={m.banner.show(index + 1)}
          aria-current={index === shown}
          onClick={() => {
            onChoose(index)
          }}
          className="group grid size-8 place-items-center"
        >
          <span className="h-2 w-2 rounded-full bg-foreground/30 transition-all group-aria-current:w-6 group-aria-current:bg-foreground" />
        </button>
      ))}
    </div>
  )
}
