import { QueryClientProvider } from '@tanstack/react-query'
import { renderToStaticMarkup } from 'react-dom/server'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { ROUTES } from './router'
import { toTemplateId } from './show-shell'
import { LOCALES, localeStore } from '@/i18n/locale-store'
import { makeQueryClient } from '@/lib/query-client'
import { consentStore } from '@/stores/consent'

/**
 * Draws the pages' shell in each language: what React first draws of the homepage, before the API has answered. It is
 * inert, and holds nothing of the visitor's. Runs when the pages are built, never in a browser.
 *
 * @returns HTML by the id of the template that is to hold it.
 */
export function drawShells(): Record<string, string> {
  consentStore.set('declined') // the question lies over the page, and is for those alone who have not answered it
  return Object.fromEntries(
    LOCALES.map((locale) => {
      localeStore.set(locale)
      return [toTemplateId(locale), renderToStaticMarkup(<div inert="">{firstSight()}</div>)]
    }),
  )
}

function firstSight() {
  return (
    <QueryClientProvider client={makeQueryClient()}>
      <RouterProvider router={createMemoryRouter(ROUTES, { initialEntries: ['/'] })} />
    </QueryClientProvider>
  )
}
