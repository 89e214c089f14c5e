import { createBrowserRouter, type RouteObject } from 'react-router'
import { Layout } from './layout'
import { PageError } from './page-error'
import { HomePage } from './routes/home'

/** The pages. None begins like a path of the API, which may serve both. */
export const ROUTES: RouteObject[] = [
  {
    element: <Layout />,
    errorElement: <PageError />,
    HydrateFallback: () => null,
    children: [
      { index: true, element: <HomePage /> },
      {
        path: 'category/:categoryId',
        lazy: async () => ({ Component: (await import('./routes/category')).CategoryPage }),
      },
      { path: 'product/:productId', lazy: async () => ({ Component: (await import('./routes/product')).ProductPage }) },
      { path: 'search', lazy: async () => ({ Component: (await import('./routes/search')).SearchPage }) },
      { path: 'cart', lazy: async () => ({ Component: (await import('./routes/cart')).CartPage }) },
      { path: 'my-orders', lazy: async () => ({ Component: (await import('./routes/my-orders')).MyOrdersPage }) },
      {
        path: 'merchandising',
        lazy: async () => ({ Component: (await import('./routes/merchandising')).MerchandisingPage }),
      },
      { path: 'my-choices', lazy: async () => ({ Component: (await import('./routes/my-choices')).MyChoicesPage }) },
      { path: '*', lazy: async () => ({ Component: (await import('./routes/not-found')).NotFoundPage }) },
    ],
  },
]

export function makeRouter() {
  return createBrowserRouter(ROUTES)
}
