import { Package } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { Link } from 'react-router'
import { Brand } from './brand'
import { LanguageSwitch } from '@/components/language-switch'
import { ThemeSwitch } from '@/components/theme-switch'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { CartButton } from '@/features/cart/components/cart-button'
import { CategoryBar } from '@/features/catalogue/components/category-bar'
import { SearchBox } from '@/features/search/components/search-box'
import { useFirstShopper } from '@/features/shoppers/use-first-shopper'
import { useMessages } from '@/i18n/use-messages'
import { loadPart } from '@/lib/load-part'

/** Its menu is heavy and not needed for the first sight of the page. */
const ShopperSwitcher = lazy(async () => ({
  default: (await loadPart(() => import('@/features/shoppers/components/shopper-switcher'))).ShopperSwitcher,
}))

/** Brand, search, who shops, language, cart; below them the departments. */
export function Header() {
  const m = useMessages()
  useFirstShopper()
  return (
    <>
      <header className="sticky top-0 z-30 border-b bg-background/95 backdrop-blur">
        <div className="mx-auto flex max-w-7xl flex-wrap items-center gap-2 px-4 py-2.5 sm:flex-nowrap sm:gap-4">
          <Brand />
          <div className="order-last w-full sm:order-none sm:mx-auto sm:max-w-xl">
            <SearchBox />
          </div>
          <div className="ms-auto flex items-center gap-0.5 sm:ms-0 sm:gap-1">
            <Suspense fallback={<Skeleton className="h-9 w-28 rounded-full" />}>
              <ShopperSwitcher />
            </Suspense>
            <LanguageSwitch />
            <ThemeSwitch />
            <Button asChild variant="ghost" size="icon" className="max-sm:size-9!">
              <Link to="/my-orders" aria-label={m.navigation.orders}>
                <Package aria-hidden className="size-5!" />
              </Link>
            </Button>
            <CartButton />
          </div>
        </div>
      </header>
      <CategoryBar />
    </>
  )
}
