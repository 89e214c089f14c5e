/** Where menus and popovers are put: inside the page's main landmark, for nothing may stand outside of all landmarks. */
export function portalContainer(): HTMLElement | undefined {
  return document.querySelector('main') ?? undefined
}
