import { clsx } from 'clsx'
import { ChevronLeft, ChevronRight, Pause, Play } from 'lucide-react'
import { useCallback, useState } from 'react'
import { useAutoAdvance } from '../hooks/use-auto-advance'
import { useHasPainted } from '../hooks/use-has-painted'
import { BannerSlide } from './banner-slide'
import { useStorefront, type Banner } from '@/api/get-storefront'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { useMessages } from '@/i18n/use-messages'

const SIZE = 'h-28 rounded-2xl sm:h-36'
const ARROW = 'absolute top-1/2 hidden -translate-y-1/2 sm:block'

/** The shop's banners; their place while they are on their way, nothing where it has none. */
export function BannerCarousel() {
  const banners = useStorefront()?.banners
  if (banners === undefined) return <Skeleton className={SIZE} />
  return banners.length > 0 ? <Carousel banners={banners} /> : null
}

/** Offers that turn every three seconds until they are paused, and rest while somebody looks closer. */
function Carousel({ banners }: { banners: Banner[] }) {
  const m = useMessages()
  const total = banners.length
  const [shown, setShown] = useState(0)
  const hasPainted = useHasPainted()
  const move = useCallback(
    (step: number) => {
      setShown((index) => (index + step + total) % total)
    },
    [total],
  )
  const advance = useCallback(() => {
    move(1)
  }, [move])
  const { isTurning, isPlaying, setIsPlaying, pausing } = useAutoAdvance(advance, shown)

  return (
    <section
      aria-roledescription="carousel"
      aria-label={m.banner.label}
      className={clsx(SIZE, 'relative overflow-hidden')}
      {...pausing}
    >
      {total > 1 && (
        <div className="absolute end-1 bottom-1 z-10">
          <Button
            variant="floating"
            size="icon"
            className="size-8!"
            aria-label={isPlaying ? m.banner.pause : m.banner.play}
            onClick={() => {
              setIsPlaying(!isPlaying)
            }}
          >
            {isPlaying ? <Pause aria-hidden /> : <Play aria-hidden />}
          </Button>
        </div>
      )}
      <div aria-live={isTurning ? 'off' : 'polite'}>
        {banners.map((banner, index) => (
          <BannerSlide
            key={index}
            banner={banner}
            number={index + 1}
            total={total}
            isShown={index === shown}
            isNear={index === shown || (hasPainted && index === (shown + 1) % total)}
          />
        ))}
      </div>
      {total > 1 && (
        <>
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
          <BannerDots total={total} shown={shown} onChoose={setShown} />
        </>
      )}
    </section>
  )
}

interface BannerDotsProps {
  total: number
  shown: number
  onChoose: (index: number) => void
}

function BannerDots({ total, shown, onChoose }: BannerDotsProps) {
  const m = useMessages()
  return (
    <div className="absolute inset-x-0 bottom-0 flex justify-center">
      {Array.from({ length: total }, (_, index) => (
        <button
          key={index}
          type="button"
          aria-label={m.banner.show(index + 1)}
          aria-current={index === shown}
          onClick={() => {
            onChoose(index)
          }}
          className="group grid size-8 place-items-center"
        >
          <span className="h-2 w-2 rounded-full bg-ink/30 transition-all group-aria-current:w-6 group-aria-current:bg-ink" />
        </button>
      ))}
    </div>
  )
}
