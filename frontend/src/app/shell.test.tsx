import { act } from '@testing-library/react'
import { http } from 'msw'
import { drawShells } from './draw-shell'
import { showShell } from './show-shell'
import { LOCALES, localeStore, type Locale } from '@/i18n/locale-store'
import { themeStore } from '@/stores/theme'
import { renderApp } from '@/testing/render-app'
import { server } from '@/testing/server'

/** A start page as the build leaves it. */
function openStartPage(): HTMLElement {
  const templates = Object.entries(drawShells()).map(([id, html]) => `<template id="${id}">${html}</template>`)
  document.body.innerHTML = `<div id="root"></div>${templates.join('')}`
  return document.getElementById('root')!
}

/** HTML of what is seen, without the names that React gives. */
function read(element: Element): string {
  return element.innerHTML.replaceAll(/:[rR][0-9a-z]*:/g, ':id:')
}

afterEach(() => {
  document.body.replaceChildren()
  window.history.replaceState(null, '', '/')
  themeStore.set('system')
})

test.each(LOCALES)(
  'the shell is what React draws first (%s), and nothing in it can be used',
  async (locale: Locale) => {
    server.use(http.all('*', () => new Promise<never>(() => undefined)))
    const root = openStartPage()
    localeStore.set(locale)
    showShell(root)
    const shell = root.firstElementChild!
    const shown = read(shell)
    document.body.replaceChildren()

    await act(async () => {
      renderApp('/')
      await Promise.resolve()
    })

    expect(shell).toHaveAttribute('inert')
    expect(shown).toBe(read(document.body.firstElementChild!))
  },
)

test('the shell has the shopper’s language and colours', () => {
  const root = openStartPage()
  localeStore.set('en')
  themeStore.set('dark')

  showShell(root)

  expect(root.querySelector('input')).toHaveAttribute('placeholder', 'What are you looking for?')
  expect(document.documentElement).toHaveAttribute('lang', 'en')
  expect(document.documentElement).toHaveAttribute('data-theme', 'dark')
})

test('another page than the homepage has nothing of it below the header', () => {
  const root = openStartPage()
  window.history.replaceState(null, '', '/cart')

  showShell(root)

  expect(root.querySelector('header')).not.toBeNull()
  expect(root.querySelector('main')).toBeEmptyDOMElement()
})

test('React puts the pages in the place of the shell', async () => {
  const root = openStartPage()
  showShell(root)
  const { start } = await import('./start')

  act(() => {
    start(root)
  })

  expect(root.querySelector('[inert]')).toBeNull()
  expect(root.querySelectorAll('header')).toHaveLength(1)
})
