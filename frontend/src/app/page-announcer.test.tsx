import { screen, waitFor } from '@testing-library/react'
import { renderApp } from '@/testing/render-app'

test('the focus stays where it is when the shop is opened', async () => {
  renderApp('/cart')

  await screen.findByRole('heading', { level: 1, name: '장바구니' })

  expect(document.body).toHaveFocus()
})

test('another page takes the focus, and its title is read', async () => {
  const user = renderApp('/')

  await user.type(screen.getByRole('combobox', { name: '검색' }), 'milk{Enter}')
  await screen.findByRole('heading', { level: 1, name: '‘milk’ 검색 결과' })

  await waitFor(() => {
    expect(screen.getByRole('main')).toHaveFocus()
    expect(screen.getByText('‘milk’ 검색 결과 · 31IE')).toHaveAttribute('role', 'status')
  })
})

test('a change of language leaves the focus alone', async () => {
  const user = renderApp('/cart')
  await screen.findByRole('heading', { level: 1, name: '장바구니' })

  const language = screen.getByRole('button', { name: /^언어/ })
  await user.click(language)

  expect(await screen.findByRole('heading', { level: 1, name: 'Cart' })).toBeVisible()
  expect(language).toHaveFocus()
})

test.each(['/nowhere', '/category/999'])('a page that is missing has a heading that says so (%s)', async (path) => {
  renderApp(path)

  expect(await screen.findByRole('heading', { level: 1, name: /없는/ })).toBeVisible()
})
