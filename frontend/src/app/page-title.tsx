import { useEffect, type ReactNode } from 'react'
import { useShopName } from '@/i18n/use-shop-name'

interface PageTitleProps {
  children: string
  /** Stands before the title. */
  icon?: ReactNode
}

/** The heading of a page, also shown in the browser's tab. */
export function PageTitle({ children, icon }: PageTitleProps) {
  useDocumentTitle(children.trim() ? children : undefined)
  return (
    <h1 className="mb-5 flex min-h-9 items-center gap-2.5 text-2xl font-extrabold tracking-tight">
      {icon}
      {children}
    </h1>
  )
}

/** Names the page in the browser's tab; the shop's name alone where there is none, the title before while it is unknown. */
export function useDocumentTitle(title: string | undefined): void {
  const shop = useShopName()
  useEffect(() => {
    if (title === undefined || shop === undefined) return
    document.title = title ? `${title} · ${shop}` : shop
  }, [title, shop])
}
