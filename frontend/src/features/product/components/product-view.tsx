import { useState } from 'react'
import { ProductFacts } from './product-facts'
import { VariantList } from './variant-list'
import { AddToCartButton } from '@/components/add-to-cart-button'
import { Breadcrumbs } from '@/components/breadcrumbs'
import { CouponBadge } from '@/components/coupon-badge'
import { ProductImage } from '@/components/product-image'
import { ProductPrice } from '@/components/product-price'
import { QuantityStepper } from '@/components/quantity-stepper'
import { StarRating } from '@/components/star-rating'
import { useCategoryName } from '@/i18n/use-category-name'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'
import { toCategoryPath } from '@/lib/shop-id'
import type { Source } from '@/lib/tracking/source'

interface ProductViewProps {
  product: components['schemas']['ProductDetails']
  /** The answer that led here. */
  source: Source
}

/** A product large: picture, price, coupons, and the way into the cart. */
export function ProductView({ product, source }: ProductViewProps) {
  const m = useMessages()
  const formats = useFormats()
  const department = useCategoryName(product.category_id).trim() || product.category_name
  const [quantity, setQuantity] = useState(1)
  const imageUrl = product.image_urls[0] ?? ''
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-x-10 gap-y-4 md:grid-cols-[minmax(0,26rem)_minmax(0,1fr)]">
      <div className="md:col-span-2">
        <Breadcrumbs above={[{ name: department, path: toCategoryPath(product.category_id) }]} here={product.title} />
      </div>
      <ProductImage url={imageUrl} size={640} isEager className="w-full rounded-2xl border" />
      <div className="flex flex-col gap-4">
        <h1 dir="auto" className="text-2xl font-extrabold tracking-tight sm:text-3xl">
          {product.title}
        </h1>
        {product.average_rating !== null && (
          <StarRating rating={product.average_rating} numReviews={product.num_reviews} />
        )}
        <ProductPrice product={product} className="text-3xl font-extrabold" />
        {product.coupons.length > 0 && (
          <ul
            aria-label={m.product.coupons}
            className="flex flex-col gap-2 rounded-xl border border-dashed border-coupon/40 p-3"
          >
            {product.coupons.map((coupon) => (
              <li key={coupon.coupon_id} className="flex flex-wrap items-center gap-2 text-sm">
                <CouponBadge coupon={coupon} />
                <span className="font-medium">{coupon.name}</span>
                <span className="text-muted-foreground">{m.product.couponUntil(formats.day(coupon.valid_until))}</span>
              </li>
            ))}
          </ul>
        )}
        {product.in_stock ? (
          <div className="flex flex-wrap items-center gap-3 pt-2">
            <QuantityStepper quantity={quantity} onChange={setQuantity} />
            <AddToCartButton product={{ ...product, image_url: imageUrl }} source={source} quantity={quantity} />
          </div>
        ) : (
          <p className="pt-2 font-semibold text-coupon">{m.product.soldOut}</p>
        )}
        <VariantList variants={product.variants} />
        <ProductFacts product={product} />
        {product.description && (
          <p dir="auto" className="leading-relaxed">
            {product.description}
          </p>
        )}
      </div>
    </div>
  )
}
