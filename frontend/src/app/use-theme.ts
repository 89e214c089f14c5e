import { useEffect, useLayoutEffect } from 'react'
import { useStorefront } from '@/api/get-storefront'
import { markTheme, themeStore } from '@/stores/theme'

/** Shows the pages light or dark, and puts the merchant's colours in the place of the pages' own. */
export function useTheme(): void {
  const colours = useStorefront()?.colours
  const theme = themeStore.use()
  useLayoutEffect(() => {
    markTheme(theme)
  }, [theme])
  useEffect(() => {
    const { style } = document.documentElement
    const chosen = { '--shop-primary': colours?.primary, '--shop-offer': colours?.offer }
    for (const [name, colour] of Object.entries(chosen)) {
      if (colour) style.setProperty(name, colour)
      else style.removeProperty(name)
    }
    if (colours?.primary) document.querySelector('meta[name="theme-color"]')?.setAttribute('content', colours.primary)
  }, [colours])
}
