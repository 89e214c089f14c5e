import { useEffect } from 'react'
import { useStorefront } from '@/api/get-storefront'

/** Puts the merchant's colours in the place of the pages' own. */
export function useTheme(): void {
  const colours = useStorefront()?.colours
  useEffect(() => {
    const { style } = document.documentElement
    const chosen = { '--color-primary': colours?.primary, '--color-coupon': colours?.offer }
    for (const [name, colour] of Object.entries(chosen)) {
      if (colour) style.setProperty(name, colour)
      else style.removeProperty(name)
    }
    if (colours?.primary) document.querySelector('meta[name="theme-color"]')?.setAttribute('content', colours.primary)
  }, [colours])
}
