import { ChevronRight } from 'lucide-react'
import { Link } from 'react-router'
import { useMessages } from '@/i18n/use-messages'

interface BreadcrumbsProps {
  /** The pages between the homepage and this one. */
  above?: { name: string; path: string }[]
  /** This page. */
  here: string
}

/** The way from the homepage down to a page. */
export function Breadcrumbs({ above = [], here }: BreadcrumbsProps) {
  const m = useMessages()
  return (
    <nav aria-label={m.navigation.path} className="mb-3 text-sm text-muted-foreground">
      <ol className="flex min-w-0 items-center gap-1.5">
        {[{ name: m.navigation.home, path: '/' }, ...above].map(({ name, path }) => (
          <li key={path} className="flex min-w-0 shrink-0 items-center gap-1.5">
            <Link to={path} className="hover:text-foreground hover:underline">
              <bdi>{name}</bdi>
            </Link>
            <ChevronRight aria-hidden className="size-3.5 rtl:-scale-x-100" />
          </li>
        ))}
        <li className="min-w-0 truncate">
          <bdi aria-current="page">{here}</bdi>
        </li>
      </ol>
    </nav>
  )
}
