import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { localeStore } from '@/i18n/locale-store'
import { STOREFRONT } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer } from '@/testing/server'

const home = (shop: string) => screen.findByRole('link', { name: `${shop}, 홈` })

test('the shop’s own name stands in the header, at the foot and in the tab', async () => {
  answer('get', '/storefront', 200, { ...STOREFRONT, name: { ko: '달콤상회', en: 'Sweet & Co' } })
  renderApp('/')

  expect(await home('달콤상회')).toBeVisible()
  expect(within(screen.getByRole('contentinfo')).getByText('달콤상회')).toBeVisible()
  await waitFor(() => {
    expect(document.title).toBe('달콤상회')
  })
})

test('a shop that nobody named is a shop', async () => {
  answer('get', '/storefront', 200, { ...STOREFRONT, name: null })
  renderApp('/')

  expect(await home('쇼핑몰')).toBeVisible()
})

test('a logo gives way to the name when it does not arrive', async () => {
  answer('get', '/storefront', 200, { ...STOREFRONT, logo_url: '/static/images/storefront/logo.svg' })
  renderApp('/')
  const link = await home('31IE')
  const logo = link.querySelector('img')!
  expect(logo).toHaveAttribute('src', '/static/images/storefront/logo.svg')

  fireEvent.error(logo)

  expect(link).toHaveTextContent('31IE')
})

test('the merchant’s colours take the place of the pages’ own', async () => {
  answer('get', '/storefront', 200, { ...STOREFRONT, colours: { primary: '#5b2a86', offer: null } })
  renderApp('/')

  await waitFor(() => {
    expect(document.documentElement.style.getPropertyValue('--shop-primary')).toBe('#5b2a86')
  })
  expect(document.documentElement.style.getPropertyValue('--shop-offer')).toBe('')
})

test('a department shows its icon, or the first letter of its name where it has none', async () => {
  renderApp('/')
  const menu = await screen.findByRole('navigation', { name: '카테고리' })

  const eggs = await within(menu).findByRole('link', { name: '유제품·달걀' })
  const fruit = within(menu).getByRole('link', { name: '과일·채소' })

  expect(eggs.querySelector('img')).toHaveAttribute('src', '/static/images/drawings/egg.svg')
  expect(fruit.querySelector('img')).toBeNull()
  expect(fruit).toHaveTextContent('과과일·채소')
})

test('departments speak the chosen language', async () => {
  localeStore.set('en')
  renderApp('/category/9')

  expect(await screen.findByRole('heading', { level: 1, name: 'Fruit & Vegetables' })).toBeVisible()
})
