import { useRouteError } from 'react-router'
import { ErrorNotice } from '@/components/error-notice'

/** The last resort: a page broke, or a part of the pages did not arrive after a new version was put up. */
export function PageError() {
  return (
    <main className="mx-auto max-w-3xl p-6">
      <ErrorNotice
        error={useRouteError()}
        onRetry={() => {
          window.location.reload()
        }}
      />
    </main>
  )
}
