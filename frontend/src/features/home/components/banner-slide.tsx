import { clsx } from 'clsx'
import { ArrowRight } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import type { Banner } from '@/api/get-storefront'
import { useLocalized } from '@/i18n/use-localized'
import { useMessages } from '@/i18n/use-messages'
import { imageSrc } from '@/lib/image-src'

/** Where the pictures stand, the largest first. */
const PLACES = [
  'end-[5%] top-[12%] h-[64%] w-auto sm:end-[16%] sm:top-[14%] sm:h-[72%]',
  'end-[31%] bottom-[12%] hidden h-[48%] w-auto -rotate-12 sm:block',
  'end-[8%] bottom-[10%] hidden h-[42%] w-auto rotate-12 sm:block',
  'end-[40%] top-[10%] hidden h-[36%] w-auto rotate-6 sm:block',
]
/** Colours of banners without one of their own, in turn. */
const FIELDS = [
  'from-[#dff3d8] to-[#b7e2b1]',
  'from-[#fdf0d5] to-[#f7d9a0]',
  'from-[#fde6dc] to-[#f6c5ae]',
  'from-[#e3e8fb] to-[#c0cdf5]',
]

interface BannerSlideProps {
  banner: Banner
  number: number
  total: number
  isShown: boolean
  /** Whether it is shown now or next, and needs its pictures. */
  isNear: boolean
}

/** One offer. Those not shown lie in the same place, out of reach. */
export function BannerSlide({ banner, number, total, isShown, isNear }: BannerSlideProps) {
  const m = useMessages()
  const localized = useLocalized()
  return (
    <div
      role="group"
      aria-roledescription="slide"
      aria-label={m.banner.slideOf(number, total)}
      inert={isShown ? undefined : ''}
      style={banner.background === null ? undefined : { background: banner.background }}
      className={clsx(
        'absolute inset-0 text-ink transition-opacity duration-500',
        banner.background === null && ['bg-linear-to-br', FIELDS[(number - 1) % FIELDS.length]],
        isShown ? 'opacity-100' : 'opacity-0',
      )}
    >
      {isNear &&
        banner.picture_urls.map((url, index) => <BannerPicture key={url} url={url} className={PLACES[index]} />)}
      <div className="relative flex h-full max-w-[64%] flex-col justify-center gap-0.5 pb-3 ps-4 sm:max-w-[52%] sm:gap-1.5 sm:ps-20">
        <h2 dir="auto" className="line-clamp-1 text-lg leading-tight font-extrabold tracking-tight sm:text-2xl">
          {localized(banner.title)}
        </h2>
        <p className="line-clamp-1 text-xs sm:text-base">
          {banner.text ? localized(banner.text) : m.banner.bestSellers}
        </p>
        <Link
          to={banner.link}
          className="mt-0.5 inline-flex w-fit items-center gap-1.5 rounded-full bg-ink px-3.5 py-1.5 text-xs font-semibold sm:text-sm text-white hover:bg-ink/85"
        >
          {banner.action ? localized(banner.action) : m.banner.action}
          <ArrowRight aria-hidden className="size-4 rtl:-scale-x-100" />
        </Link>
      </div>
    </div>
  )
}

/** A picture of an offer; one that does not load leaves its place empty. */
function BannerPicture({ url, className }: { url: string; className: string | undefined }) {
  const [isBroken, setIsBroken] = useState(false)
  if (isBroken) return null
  return (
    <img
      src={imageSrc(url)}
      alt=""
      width={240}
      height={240}
      onError={() => {
        setIsBroken(true)
      }}
      className={clsx('absolute aspect-square rounded-2xl object-cover', className)}
    />
  )
}
