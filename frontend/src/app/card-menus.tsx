import { lazy, Suspense, type ReactNode } from 'react'
import { CardMenuContext, type CardMenuProps } from '@/components/card-menu'
import { loadPart } from '@/lib/load-part'

/** It is heavy, and not needed for the first sight of the page. */
const ChoiceMenu = lazy(async () => ({
  default: (await loadPart(() => import('@/features/choices/components/choice-menu'))).ChoiceMenu,
}))

const renderMenu = (props: CardMenuProps) => (
  <Suspense fallback={null}>
    <ChoiceMenu {...props} />
  </Suspense>
)

/** Lets the cards of recommended products offer to say no to them. */
export function CardMenus({ children }: { children: ReactNode }) {
  return <CardMenuContext.Provider value={renderMenu}>{children}</CardMenuContext.Provider>
}
