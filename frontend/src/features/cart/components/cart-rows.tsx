import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { companionsQuery } from '../api/get-companions'
import { shelvesQuery } from '@/api/get-shelves'
import { ProductCard, type ListedProduct } from '@/components/product-card'
import { ProductRow } from '@/components/product-row'
import { useMessages } from '@/i18n/use-messages'
import { isSameId, type ShopId } from '@/lib/shop-id'
import { toSource, type Source } from '@/lib/tracking/source'
import type { CartLine } from '@/stores/cart'

const COUPONS = 'with_coupons'

interface CartRowsProps {
  userId: ShopId | undefined
  lines: CartLine[]
}

/**
 * What goes with a cart, and what the shopper's coupons take money off. Both are as they were when the cart was
 * opened, so that no card goes away under the hand that puts it in.
 */
export function CartRows({ userId, lines }: CartRowsProps) {
  const m = useMessages()
  const [opened] = useState(() => lines.map(({ productId }) => productId))
  const companions = useQuery(companionsQuery(userId, opened)).data
  const page = useQuery({ ...shelvesQuery(userId), enabled: userId !== undefined }).data
  const isShown = ({ product_id: id }: ListedProduct) =>
    ![...opened, ...(companions?.products ?? []).map((each) => each.product_id)].some((each) => isSameId(each, id))
  const sayWhatWith = (productId: ShopId | null | undefined) => {
    const line = productId === null ? undefined : lines.find((each) => isSameId(each.productId, productId))
    return line && m.cart.goesWith(line.title)
  }
  const withCoupons = page?.shelves.find(({ code }) => code === COUPONS)?.products.filter(isShown)
  return (
    <div className="mt-10 flex flex-col gap-8 empty:hidden">
      {companions && (
        <Row
          title={m.cart.companions}
          products={companions.products}
          sourceOf={(position) => toSource(companions.provenance, position)}
          noteOf={(position) => sayWhatWith(companions.products[position]?.goes_with)}
        />
      )}
      {page && withCoupons && (
        <Row
          title={m.shelves.with_coupons}
          products={withCoupons}
          sourceOf={(position) => toSource(page.provenance, position, { code: COUPONS })}
        />
      )}
    </div>
  )
}

interface RowProps {
  title: string
  products: ListedProduct[]
  sourceOf: (position: number) => Source
  noteOf?: (position: number) => string | undefined
}

function Row({ title, products, sourceOf, noteOf }: RowProps) {
  if (products.length === 0) return null
  return (
    <ProductRow title={title}>
      {products.map((product, position) => (
        <ProductCard
          key={product.product_id}
          product={product}
          source={sourceOf(position)}
          note={noteOf?.(position)}
          heading="h3"
        />
      ))}
    </ProductRow>
  )
}
