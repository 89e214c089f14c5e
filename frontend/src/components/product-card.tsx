import { useContext } from 'react'
import { Link } from 'react-router'
import { CardCartButton } from './card-cart-button'
import { CardMenuContext } from './card-menu'
import { CouponBadge } from './coupon-badge'
import { ProductImage } from './product-image'
import { ProductPrice } from './product-price'
import { ReasonPopover } from './reason-popover'
import { useCategoryName } from '@/i18n/use-category-name'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { toProductPath } from '@/lib/shop-id'
import type { Source } from '@/lib/tracking/source'
import { track } from '@/lib/tracking/track'
import { useImpression } from '@/lib/tracking/use-impression'

type Schemas = components['schemas']

/** A product in a list; on the homepage also why it is there, and what takes money off it; in a search its variants. */
export type ListedProduct = Schemas['ListedProduct'] &
  Partial<Schemas['ExplainedProduct']> &
  Partial<Schemas['FoundProduct']>

interface ProductCardProps {
  product: ListedProduct
  source: Source
  /** Whether it is in view when the page opens, and its picture should not wait. */
  isEager?: boolean
  /** The level of its heading, below that of the list. */
  heading?: 'h2' | 'h3'
  /** What else is to be said of it. */
  note?: string
}

/** A product in a list. All of it leads to the product; the buttons lie above the link. */
export function ProductCard({ product, source, isEager = false, heading: Heading = 'h2', note }: ProductCardProps) {
  const m = useMessages()
  const categoryName = useCategoryName(product.category_id)
  const coupon = product.coupons?.[0]
  const numVariants = product.num_variants ?? 1
  const renderMenu = useContext(CardMenuContext)
  const element = useImpression(product.product_id, source)
  return (
    <article
      ref={element}
      className="group relative flex flex-col overflow-hidden rounded-card border bg-card transition-shadow focus-within:shadow-md hover:shadow-md"
    >
      <div className="relative">
        <div className="overflow-hidden">
          <ProductImage
            url={product.image_url}
            size={400}
            isEager={isEager}
            className="w-full transition-transform duration-300 group-hover:scale-[1.03]"
          />
        </div>
        <div className="absolute end-2 bottom-2 z-10">
          <CardCartButton product={product} source={source} />
        </div>
      </div>
      {coupon && <CouponBadge coupon={coupon} className="absolute top-2 start-2" />}
      {renderMenu?.({ product })}
      <div className="flex flex-1 flex-col gap-1 p-3">
        <p dir="auto" className="truncate text-xs text-muted-foreground">
          {categoryName}
        </p>
        <Heading dir="auto" className="line-clamp-2 min-h-10 text-sm leading-5 font-medium">
          <Link
            to={toProductPath(product.product_id)}
            state={{ source }}
            onClick={() => {
              track('click', product.product_id, source)
            }}
            className="outline-offset-4 after:absolute after:inset-0"
          >
            {product.title}
          </Link>
        </Heading>
        {note && (
          <p dir="auto" className="line-clamp-2 text-xs leading-4 text-muted-foreground">
            {note}
          </p>
        )}
        <div className="mt-auto flex min-h-11 items-center justify-between gap-x-2">
          <ProductPrice product={product} className="text-base font-bold sm:text-lg" />
          {numVariants > 1 && <p className="text-xs text-muted-foreground">{m.search.variants(numVariants)}</p>}
          {product.reason && (
            <div className="relative z-10 -me-2 flex items-center">
              <ReasonPopover product={product} reason={product.reason} />
            </div>
          )}
        </div>
      </div>
    </article>
  )
}
