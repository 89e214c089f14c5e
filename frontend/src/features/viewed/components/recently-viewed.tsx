import { useQueries } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { useEffect, useRef, useState } from 'react'
import { productQuery } from '@/api/get-product'
import { ProductCard } from '@/components/product-card'
import { ProductRow } from '@/components/product-row'
import { useMessages } from '@/i18n/use-messages'
import { isSameId, type ShopId } from '@/lib/shop-id'
import { toSource } from '@/lib/tracking/source'
import { useViewed } from '@/stores/recently-viewed'
import { shopperStore, toUserId } from '@/stores/shopper'

const SOON_IN_VIEW = '300px'

/** What the shopper looked at last, as it is sold today; asked for only when the page is scrolled to it. */
export function RecentlyViewed({ except }: { except?: ShopId }) {
  const m = useMessages()
  const userId = toUserId(shopperStore.use())
  const viewed = useViewed().filter((id) => !isSameId(id, except))
  const [isNear, setIsNear] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const answers = useQueries({ queries: viewed.map((id) => ({ ...productQuery(id, userId), enabled: isNear })) })
  const hasAny = viewed.length > 0

  useEffect(() => {
    if (!place.current) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setIsNear(true)
      },
      { rootMargin: SOON_IN_VIEW },
    )
    observer.observe(place.current)
    return () => {
      observer.disconnect()
    }
  }, [hasAny])

  if (!hasAny) return null
  const cards = answers.flatMap(({ data }, position) => {
    if (!data?.product.in_stock) return []
    const { product } = data
    const listed = { ...product, image_url: product.image_urls[0] ?? '' }
    const source = toSource(data.provenance, position)
    return [<ProductCard key={product.product_id} product={listed} source={source} heading="h3" />]
  })
  return (
    <div ref={place} className={clsx(answers.some(({ isPending }) => isPending) && 'min-h-72')}>
      {cards.length > 0 && <ProductRow title={m.product.viewed}>{cards}</ProductRow>}
    </div>
  )
}
