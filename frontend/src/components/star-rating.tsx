import { Star } from 'lucide-react'
import { useMessages } from '@/i18n/use-messages'
import { useFormats } from '@/lib/format'

interface StarRatingProps {
  /** 1 to 5. */
  rating: number
  numReviews?: number
}

export function StarRating({ rating, numReviews }: StarRatingProps) {
  const m = useMessages()
  const formats = useFormats()
  const rounded = Math.round(rating * 10) / 10
  return (
    <span className="inline-flex items-center gap-1.5 text-sm">
      <span role="img" aria-label={m.product.rating(formats.number(rounded))} className="inline-flex text-amber-500">
        {[1, 2, 3, 4, 5].map((star) => (
          <Star key={star} aria-hidden className="size-4" fill={star <= Math.round(rating) ? 'currentColor' : 'none'} />
        ))}
      </span>
      {numReviews !== undefined && (
        <span className="text-muted-foreground tabular-nums">
          {formats.number(rounded)} ({formats.number(numReviews)})
        </span>
      )}
    </span>
  )
}
