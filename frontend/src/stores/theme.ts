import { createStore } from '@/lib/create-store'

export type Theme = 'light' | 'dark'

/** Whether the pages are light or dark, where the shopper chose; `system` follows the device. */
export const themeStore = createStore<Theme | 'system'>('31ie.theme', (stored) =>
  stored === 'light' || stored === 'dark' ? stored : 'system',
)
