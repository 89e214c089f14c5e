import { screen } from '@testing-library/react'
import { DARK } from '@/lib/use-media'
import { themeStore } from '@/stores/theme'
import { letMatch } from '@/testing/browser'
import { renderApp } from '@/testing/render-app'

beforeEach(() => {
  themeStore.set('system')
})

test('the pages follow the device until somebody turns them, and again when they are turned back', async () => {
  const user = renderApp('/cart')
  expect(document.documentElement).not.toHaveAttribute('data-theme')

  await user.click(await screen.findByRole('button', { name: '어두운 화면' }))
  expect(document.documentElement).toHaveAttribute('data-theme', 'dark')
  expect(localStorage.getItem('31ie.theme')).toBe('"dark"')

  await user.click(screen.getByRole('button', { name: '밝은 화면' }))
  expect(document.documentElement).not.toHaveAttribute('data-theme')
})

test('on a dark device the pages can be made light', async () => {
  letMatch(DARK)
  const user = renderApp('/cart')

  await user.click(await screen.findByRole('button', { name: '밝은 화면' }))

  expect(document.documentElement).toHaveAttribute('data-theme', 'light')
})
