import { localeStore, markLanguage } from '@/i18n/locale-store'
import { markTheme, themeStore } from '@/stores/theme'

/** The id of the template in index.html that holds the shell in a language. */
export function toTemplateId(locale: string): string {
  return `shell-${locale}`
}

/**
 * Shows the shell that the build drew (`draw-shell.tsx`), in the shopper's language and colours, until React puts the
 * pages in its place. What it holds of a page's own is the homepage's. The development server draws none.
 */
export function showShell(root: HTMLElement): void {
  const locale = localeStore.get()
  markLanguage(locale)
  markTheme(themeStore.get())
  const template = document.getElementById(toTemplateId(locale))
  if (!(template instanceof HTMLTemplateElement)) return
  const shell = document.importNode(template.content, true)
  if (window.location.pathname !== '/') shell.querySelector('main')?.replaceChildren()
  root.replaceChildren(shell)
}
