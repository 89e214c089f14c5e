import { StarRating } from '@/components/star-rating'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'

type Product = components['schemas']['ProductDetails']

/** What others say of a product. */
export function ReviewList({ product }: { product: Product }) {
  const m = useMessages()
  const formats = useFormats()
  return (
    <section aria-labelledby="reviews-title">
      <h2 id="reviews-title" className="mb-4 text-xl font-bold">
        {m.product.reviews(product.num_reviews)}
      </h2>
      {product.reviews.length === 0 && <p className="text-muted-foreground">{m.product.noReviews}</p>}
      <ul className="grid gap-3 md:grid-cols-2">
        {product.reviews.map((review) => (
          <li key={`${review.created_at} ${review.nickname}`} className="rounded-card border bg-card p-4">
            <p className="mb-2 flex flex-wrap items-center gap-x-3 text-sm">
              <StarRating rating={review.rating} />
              <bdi className="font-medium">{review.nickname}</bdi>
              <time dateTime={review.created_at} className="text-muted-foreground">
                {formats.day(review.created_at)}
              </time>
            </p>
            {review.body && (
              <p dir="auto" className="text-sm leading-relaxed">
                {review.body}
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
