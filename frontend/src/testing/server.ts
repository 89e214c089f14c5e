import { http, HttpResponse, type JsonBodyType } from 'msw'
import { setupServer } from 'msw/node'
import {
  makeDetails,
  makeExplained,
  makeFound,
  makeOrder,
  makeProduct,
  makeQuote,
  makeShelves,
  range,
  SHOPPERS,
  STOREFRONT,
  SUGGESTIONS,
} from './catalogue'
import type { components } from '@/lib/api/schema'

type Schemas = components['schemas']

export const PROVENANCE = {
  'X-Request-Id': 'request-1',
  'X-Batch-Id': 'batch-1',
  'X-Model-Version': '7',
  'X-Rung': 'published,popular',
  'X-Batch-Age-Seconds': '7200',
}

/** A shop in which everything works. A test that wants it otherwise puts its own handler on top. */
export const server = setupServer(
  http.get('*/storefront', () => HttpResponse.json(STOREFRONT)),
  http.get('*/users', () => HttpResponse.json({ users: SHOPPERS })),
  http.get('*/recommendations/home', ({ request }) => {
    const userId = new URL(request.url).searchParams.get('user_id')
    const nickname = SHOPPERS.find((each) => String(each.user_id) === userId)?.nickname ?? ''
    const first = userId === '1' ? 1 : 101
    return HttpResponse.json(
      { user_nickname: nickname, recommendations: range(first, 20).map(makeExplained) },
      { headers: PROVENANCE },
    )
  }),
  http.get('*/recommendations/shelves', ({ request }) => {
    const userId = new URL(request.url).searchParams.get('user_id')
    const nickname = SHOPPERS.find((each) => String(each.user_id) === userId)?.nickname ?? ''
    const body = { user_nickname: nickname, shelves: makeShelves(userId === '1' ? 1 : 101) }
    return HttpResponse.json(body, { headers: PROVENANCE })
  }),
  http.post('*/recommendations/cart', () => {
    const products = range(70, 3).map((id) => ({ ...makeProduct(id), goes_with: null }))
    return HttpResponse.json({ products }, { headers: PROVENANCE })
  }),
  http.get('*/products', ({ request }) => {
    const cursor = new URL(request.url).searchParams.get('cursor')
    const products = range(cursor ? 25 : 1, cursor ? 2 : 24).map(makeProduct)
    return HttpResponse.json(
      { products, next_cursor: cursor ? null : 'more' },
      { headers: { 'X-Request-Id': cursor ?? 'first' } },
    )
  }),
  http.get('*/catalogue/search', () => HttpResponse.json(makeFound(), { headers: { 'X-Request-Id': 'found' } })),
  http.get('*/catalogue/suggestions', () => HttpResponse.json({ suggestions: SUGGESTIONS })),
  http.get('*/products/:id', ({ params }) => HttpResponse.json(makeDetails(Number(params.id)))),
  http.get('*/products/:id/similar', ({ params }) =>
    HttpResponse.json(
      {
        product_id: Number(params.id),
        products: range(50, 5).map(makeProduct),
        complements: range(50, 3).map(makeProduct),
        substitutes: range(53, 2).map(makeProduct),
      },
      { headers: PROVENANCE },
    ),
  ),
  http.post('*/orders/quote', async ({ request }) =>
    HttpResponse.json(makeQuote((await request.json()) as Schemas['Cart'])),
  ),
  http.get('*/users/:id/choices', () => HttpResponse.json({ choices: [] })),
  http.get('*/users/:id/orders', () => HttpResponse.json({ orders: [makeOrder(3)], next_cursor: null })),
)

/** Answers a path with a status and a body, from now on. */
export function answer(method: 'get' | 'post', path: string, status: number, body: JsonBodyType = {}): void {
  server.use(http[method](`*${path}`, () => HttpResponse.json(body, { status })))
}

/** Takes whatever is posted to a path, answers it, and keeps the bodies. */
export function collect<Body>(path: string, status: number, reply: JsonBodyType): Body[] {
  const bodies: Body[] = []
  server.use(
    http.post(`*${path}`, async ({ request }) => {
      bodies.push((await request.json()) as Body)
      return HttpResponse.json(reply, { status })
    }),
  )
  return bodies
}

export type EventsBody = Schemas['ShopperEvents']
