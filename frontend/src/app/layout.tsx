import { Suspense, useEffect, useRef } from 'react'
import { Outlet, ScrollRestoration } from 'react-router'
import { Footer } from './footer'
import { Header } from './header'
import { PageAnnouncer } from './page-announcer'
import { useTheme } from './use-theme'
import { ProductGridSkeleton } from '@/components/product-grid'
import { ChoiceNotice } from '@/features/choices/components/choice-notice'
import { ConsentBar } from '@/features/consent/components/consent-bar'
import { localeStore, markLanguage } from '@/i18n/locale-store'
import { useMessages } from '@/i18n/use-messages'

/** The key of whichever page was opened by its address: no place to remember how far down it was. */
const FIRST_KEY = 'default'

/** What every page has around it. */
export function Layout() {
  const m = useMessages()
  const locale = localeStore.use()
  useTheme()
  const content = useRef<HTMLElement>(null)
  useEffect(() => {
    markLanguage(locale)
  }, [locale])
  return (
    <>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:start-2 focus:z-50 focus:rounded-full focus:bg-card focus:px-4 focus:py-2"
      >
        {m.shop.skipToContent}
      </a>
      <Header />
      <main
        ref={content}
        id="content"
        tabIndex={-1}
        className="mx-auto min-h-[80vh] w-full max-w-7xl px-4 py-5 outline-none sm:py-8"
      >
        <Suspense fallback={<ProductGridSkeleton />}>
          <Outlet />
        </Suspense>
      </main>
      <Footer />
      <ChoiceNotice />
      <ConsentBar />
      <PageAnnouncer content={content} />
      <ScrollRestoration getKey={({ key, pathname, search }) => (key === FIRST_KEY ? pathname + search : key)} />
    </>
  )
}
