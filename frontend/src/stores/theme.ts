import { createStore } from '@/lib/create-store'

export type Theme = 'light' | 'dark'

/** Whether the pages are light or dark, where the shopper chose; `system` follows the device. */
export const themeStore = createStore<Theme | 'system'>('31ie.theme', (stored) =>
  stored === 'light' || stored === 'dark' ? stored : 'system',
)

/** Shows the document light or dark. */
export function markTheme(theme: Theme | 'system'): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}
