import type { ComponentType } from 'react'
import { createBrowserRouter, type RouteObject } from 'react-router'
import { Layout } from './layout'
import { PageError } from './page-error'
import { HomePage } from './routes/home'

/** The pages. None begins like a path of the API, which may serve both. */
export const ROUTES: RouteObject[] = [
  {
    element: <Layout />,
    errorElement: <PageError />,
    children: [
      { index: true, element: <HomePage /> },
      lazily('category/:categoryId', async () => (await import('./routes/category')).CategoryPage),
      lazily('product/:productId', async () => (await import('./routes/product')).ProductPage),
      lazily('search', async () => (await import('./routes/search')).SearchPage),
      lazily('cart', async () => (await import('./routes/cart')).CartPage),
      lazily('my-orders', async () => (await import('./routes/my-orders')).MyOrdersPage),
      lazily('merchandising', async () => (await import('./routes/merchandising')).MerchandisingPage),
      lazily('my-choices', async () => (await import('./routes/my-choices')).MyChoicesPage),
      lazily('*', async () => (await import('./routes/not-found')).NotFoundPage),
    ],
  },
]

/** A page that comes when it is opened; until then its place in the layout is empty. */
function lazily(path: string, load: () => Promise<ComponentType>): RouteObject {
  return { path, lazy: async () => ({ Component: await load() }), HydrateFallback: () => null }
}

export function makeRouter() {
  return createBrowserRouter(ROUTES)
}
