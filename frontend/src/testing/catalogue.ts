import type { components } from '@/lib/api/schema'

type Schemas = components['schemas']

const same = (words: string): Schemas['LocalizedText'] => ({ ko: words, en: words })

function makeBanner(id: number): Schemas['StorefrontBanner'] {
  const words = { title: same(`Banner ${id}`), text: null, action: null }
  return { ...words, link: `/category/${id}`, picture_urls: [], background: null }
}

export const STOREFRONT: Schemas['Storefront'] = {
  name: same('31IE'),
  logo_url: null,
  tagline: null,
  notice: null,
  colours: { primary: null, offer: null },
  departments: [
    {
      category_id: 6,
      name: { ko: '유제품·달걀', en: 'Dairy & Eggs' },
      icon_url: '/static/images/drawings/egg.svg',
      is_restricted: false,
    },
    { category_id: 9, name: { ko: '과일·채소', en: 'Fruit & Vegetables' }, icon_url: null, is_restricted: false },
  ],
  banners: [6, 9, 6, 9].map(makeBanner),
  takes_orders: true,
}

export const SHOPPERS: Schemas['Shopper'][] = [
  { user_id: 2, nickname: '김신규', kind: 'new', num_orders: 0, last_ordered_at: null, token: null },
  {
    user_id: 1,
    nickname: '홍길동',
    kind: 'heavy',
    num_orders: 40,
    last_ordered_at: '2026-11-20T09:00:00Z',
    token: null,
  },
]

export const COUPON: Schemas['ListedCoupon'] = {
  coupon_id: 7,
  code: 'MILK',
  name: 'Milk week',
  discount_type: 'percent',
  discount_value: 10,
  valid_until: '2026-12-01T00:00:00Z',
}

export function makeProduct(id: number): Schemas['ListedProduct'] {
  return {
    product_id: id,
    category_id: id % 2 ? 6 : 9,
    title: `Product ${id}`,
    price: id + 0.5,
    image_url: `/static/images/products/category6/product${id}.svg`,
  }
}

export function makeExplained(id: number): Schemas['ExplainedProduct'] {
  const coupons = id === 1 ? [COUPON] : []
  const reason = { code: 'bought_before', facts: { num_orders: 3, days_between: 9 } }
  return {
    ...makeProduct(id),
    family_id: null,
    reason,
    rung: 'published',
    coupons,
    is_lifted_by_coupon: false,
    rules: [],
  }
}

/** A page of three rows: six products each, counted on from the first. */
export function makeShelves(first: number): Schemas['Shelf'][] {
  return ['buy_again', 'because_you_bought', 'popular'].map((code, row) => ({
    code,
    facts: code === 'because_you_bought' ? { product_id: 60, title: 'Butter' } : {},
    place: row,
    propensity: 0.95,
    products: range(first + row * 6, 6).map(makeExplained),
  }))
}

export function makeDetails(id: number, change: Partial<Schemas['ProductDetails']> = {}): Schemas['ProductDetails'] {
  const { image_url: imageUrl, ...product } = makeProduct(id)
  return {
    ...product,
    category_name: 'Dairy & Eggs',
    brand: 'Alpine',
    product_type: 'Milk',
    size: '1 l',
    in_stock: true,
    description: null,
    image_urls: [imageUrl],
    num_reviews: 1,
    average_rating: 4,
    reviews: [{ nickname: '이순신', rating: 4, body: 'Tastes of the meadow.', created_at: '2026-11-01T00:00:00Z' }],
    coupons: [],
    family_id: null,
    variants: [],
    ...change,
  }
}

/** What the mock shop charges: half a unit more than the number of each product, without coupons. */
export function makeQuote(
  { items }: Schemas['Cart'],
  change: Partial<Schemas['CartQuote']> = {},
): Schemas['CartQuote'] {
  const total = items.reduce((sum, { product_id: id, quantity }) => sum + makeProduct(Number(id)).price * quantity, 0)
  return { total_before_coupons: total, total_amount: total, coupons: [], ...change }
}

export function makeOrder(id: number): Schemas['OrderSummary'] {
  const { title, image_url } = makeProduct(id)
  const item = { product_id: id, title, image_url, quantity: 2, unit_price: 1.5, discount_amount: 0 }
  return { order_id: id, status: 'paid', ordered_at: '2026-11-20T09:00:00Z', total_amount: 3, items: [item] }
}

export function makeChoice(id: number, change: Partial<Schemas['Choice']> = {}): Schemas['Choice'] {
  const { title, image_url, product_id, category_id } = makeProduct(id)
  return {
    ...{ choice_id: id, kind: 'not_interested_product', product_id, title, image_url, category_id },
    ...{ product_type: 'Milk', category_name: 'Dairy & Eggs', order_id: null, made_at: '2026-11-20T09:00:00Z' },
    ...change,
  }
}

export function makeFound(change: Partial<Schemas['SearchPage']> = {}): Schemas['SearchPage'] {
  return {
    products: range(1, 24).map((id) => ({ ...makeProduct(id), num_variants: id === 2 ? 3 : 1 })),
    total: 30,
    is_total_exact: true,
    corrected_query: null,
    facets: {
      categories: [{ category_id: 6, num_products: 20 }],
      brands: [{ brand: 'Alpine', num_products: 12 }],
      prices: [
        { min_price: null, max_price: 5, num_products: 10 },
        { min_price: 5, max_price: null, num_products: 20 },
      ],
      num_with_coupon: 3,
    },
    ...change,
  }
}

export const SUGGESTIONS: Schemas['Suggestion'][] = [
  { text: '과일·채소', kind: 'category', num_products: 8, category_id: 9, product_id: null },
  { text: 'Milk', kind: 'product_type', num_products: 5, category_id: null, product_id: null },
  { text: 'Product 3', kind: 'product', num_products: null, category_id: null, product_id: 3 },
]

export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}
