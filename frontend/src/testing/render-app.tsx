import { QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { ROUTES } from '@/app/router'
import { makeQueryClient } from '@/lib/query-client'

/** Opens the shop at a page. Returns the hands of somebody who uses it. */
export function renderApp(path: string) {
  const router = createMemoryRouter(ROUTES, { initialEntries: [path] })
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  )
  return userEvent.setup()
}
