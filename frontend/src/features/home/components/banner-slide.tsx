import { clsx } from 'clsx'
import { ArrowRight } from 'lucide-react'
import { Link } from 'react-router'
import type { Slide } from '../slides'
import { useMessages } from '@/i18n/use-messages'
import { drawingUrl } from '@/lib/drawings'

/** Where the four drawings stand, the largest first. */
const PLACES = [
  'end-[4%] bottom-[10%] w-[30%] sm:end-[11%] sm:w-[17%]',
  'end-[29%] bottom-[12%] hidden w-[11%] -rotate-12 sm:block',
  'end-[5%] top-[8%] w-[15%] rotate-12 sm:end-[3%] sm:w-[9%]',
  'end-[31%] top-[10%] hidden w-[7%] rotate-6 sm:block',
]

interface BannerSlideProps {
  slide: Slide
  number: number
  total: number
  isShown: boolean
  /** Whether it is shown now or next, and needs its drawings. */
  isNear: boolean
  href: string
}

/** One offer. Those not shown lie in the same place, out of reach. */
export function BannerSlide({ slide, number, total, isShown, isNear, href }: BannerSlideProps) {
  const m = useMessages()
  const words = m.banner.slides[slide.id]
  return (
    <div
      role="group"
      aria-roledescription="slide"
      aria-label={m.banner.slideOf(number, total)}
      inert={isShown ? undefined : ''}
      className={clsx(
        'absolute inset-0 bg-linear-to-br transition-opacity duration-500',
        slide.className,
        isShown ? 'opacity-100' : 'opacity-0',
      )}
    >
      {isNear &&
        slide.drawings.map((name, index) => (
          <img
            key={name}
            src={drawingUrl(name)}
            alt=""
            width={240}
            height={240}
            className={clsx('absolute', PLACES[index])}
          />
        ))}
      <div className="relative flex h-full max-w-[62%] flex-col justify-center gap-1.5 pb-4 ps-5 sm:max-w-[52%] sm:gap-3 sm:ps-20">
        <h2 className="text-xl leading-tight font-extrabold tracking-tight sm:text-4xl">{words.title}</h2>
        <p className="text-sm text-foreground/80 sm:text-lg">{words.text}</p>
        <Link
          to={href}
          className="mt-1 inline-flex w-fit items-center gap-1.5 rounded-full bg-foreground px-4 py-2 text-sm font-semibold text-background hover:bg-foreground/85"
        >
          {words.action}
          <ArrowRight aria-hidden className="size-4 rtl:-scale-x-100" />
        </Link>
      </div>
    </div>
  )
}
