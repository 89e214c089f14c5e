import { useSyncExternalStore } from 'react'

export const REDUCED_MOTION = '(prefers-reduced-motion: reduce)'
export const DARK = '(prefers-color-scheme: dark)'

/** Whether the device is, or asks for, what a media query says. Follows the setting. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (onChange) => {
      const media = window.matchMedia(query)
      media.addEventListener('change', onChange)
      return () => {
        media.removeEventListener('change', onChange)
      }
    },
    () => window.matchMedia(query).matches,
    () => false, // where the pages are drawn before anybody opens them
  )
}
