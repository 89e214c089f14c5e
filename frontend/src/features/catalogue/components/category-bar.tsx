import { clsx } from 'clsx'
import { NavLink } from 'react-router'
import { useStorefront } from '@/api/get-storefront'
import { DepartmentIcon } from '@/components/department-icon'
import { Skeleton } from '@/components/ui/skeleton'
import { useLocalized } from '@/i18n/use-localized'
import { useMessages } from '@/i18n/use-messages'
import { toCategoryPath } from '@/lib/shop-id'

const SKELETON_CHIPS = 16
const CHIP =
  'inline-flex h-9 shrink-0 items-center gap-1.5 rounded-full px-3 text-sm whitespace-nowrap transition-colors lg:h-8 lg:gap-1 lg:px-1.5 lg:text-[13px]'

/** All departments in a row that scrolls sideways where it is too long. */
export function CategoryBar() {
  const m = useMessages()
  const localized = useLocalized()
  const departments = useStorefront()?.departments
  return (
    <nav
      aria-label={m.navigation.categories}
      className="overflow-x-auto [scrollbar-width:none] max-lg:ltr:mask-r-from-85% max-lg:rtl:mask-l-from-85%"
    >
      <ul className="mx-auto flex min-h-12 w-max items-center gap-x-0.5 px-4 py-1 max-lg:pe-16 lg:h-19 lg:w-full lg:max-w-7xl lg:flex-wrap lg:content-center-safe lg:overflow-y-auto">
        {departments
          ? departments.map((department) => (
              <li key={department.category_id}>
                <NavLink
                  to={toCategoryPath(department.category_id)}
                  className={({ isActive }) =>
                    clsx(CHIP, isActive ? 'bg-accent font-semibold text-accent-foreground' : 'hover:bg-muted')
                  }
                >
                  <DepartmentIcon department={department} size={18} />
                  <bdi>{localized(department.name)}</bdi>
                </NavLink>
              </li>
            ))
          : Array.from({ length: SKELETON_CHIPS }, (_, index) => (
              <li key={index}>
                <Skeleton className="h-8 w-28 rounded-full" />
              </li>
            ))}
      </ul>
    </nav>
  )
}
