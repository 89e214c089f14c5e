import { createContext, type ReactNode } from 'react'
import type { components } from '@/lib/api/schema'

export interface CardMenuProps {
  product: components['schemas']['ListedProduct']
}

/** Draws what a product card offers in its corner: the app says what, where there is something to offer. */
export const CardMenuContext = createContext<((props: CardMenuProps) => ReactNode) | null>(null)
