import { CardMenus } from '../card-menus'
import { useDocumentTitle } from '../page-title'
import { BannerCarousel } from '@/features/home/components/banner-carousel'
import { Recommendations } from '@/features/home/components/recommendations'
import { RecentlyViewed } from '@/features/viewed/components/recently-viewed'

export function HomePage() {
  useDocumentTitle('')
  return (
    <div className="flex flex-col gap-6 sm:gap-10">
      <BannerCarousel />
      <CardMenus>
        <Recommendations />
      </CardMenus>
      <RecentlyViewed />
    </div>
  )
}
