import { screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { localeStore } from '@/i18n/locale-store'
import type { components } from '@/lib/api/schema'
import { shopperStore } from '@/stores/shopper'
import { makeChoice, makeShelves } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { server } from '@/testing/server'

type Schemas = components['schemas']

/** A shop that keeps choices, and whose homepage obeys them. */
function keepChoices(...kept: Schemas['Choice'][]): Schemas['Choice'][] {
  const choices = [...kept]
  server.use(
    http.get('*/users/1/choices', () => HttpResponse.json({ choices })),
    http.post('*/users/1/choices', async ({ request }) => {
      const { kind, product_id, order_id } = (await request.json()) as Schemas['NewChoice']
      const choice = makeChoice(Number(product_id), { kind, order_id: order_id ?? null })
      choices.unshift(choice)
      return HttpResponse.json(choice, { status: 201 })
    }),
    http.delete('*/users/1/choices/:id', ({ params }) => {
      choices.splice(
        choices.findIndex((each) => String(each.choice_id) === params.id),
        1,
      )
      return new HttpResponse(null, { status: 204 })
    }),
    http.get('*/recommendations/shelves', () => {
      const refused = new Set(choices.map((each) => each.product_id))
      const shelves = makeShelves(1).map((shelf) => ({
        ...shelf,
        products: shelf.products.filter((each) => !refused.has(each.product_id)),
      }))
      return HttpResponse.json({ user_nickname: '홍길동', shelves })
    }),
  )
  return choices
}

beforeEach(() => {
  localeStore.set('en')
})

test('what a shopper is not interested in leaves the page, and comes back when that is undone', async () => {
  const choices = keepChoices()
  const user = renderApp('/')

  await user.click(await screen.findByRole('button', { name: 'Not interested in Product 2?' }))
  await user.click(await screen.findByRole('menuitem', { name: 'Not interested in this' }))
  const undo = await screen.findByRole('button', { name: 'Undo' })

  expect(screen.getByText('Product 2 is not recommended to you any more.')).toBeVisible()
  expect(undo).toHaveFocus()
  await waitFor(() => {
    expect(screen.queryByRole('link', { name: 'Product 2' })).not.toBeInTheDocument()
  })
  await user.click(undo)

  expect(await screen.findByRole('link', { name: 'Product 2' })).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Undo' })).not.toBeInTheDocument()
  expect(choices).toEqual([])
})

test('a whole kind is refused by the keyboard alone, and the notice can be closed', async () => {
  const choices = keepChoices()
  const user = renderApp('/')
  const menu = await screen.findByRole('button', { name: 'Not interested in Product 3?' })

  menu.focus()
  await user.keyboard('{Enter}')
  await screen.findByRole('menu')
  await user.keyboard('{ArrowDown}{Enter}')

  expect(await screen.findByText('Nothing of the kind Milk is recommended to you any more.')).toBeVisible()
  expect(choices.map((each) => each.kind)).toEqual(['not_interested_type'])
  await user.click(screen.getByRole('button', { name: 'Close' }))
  expect(screen.queryByRole('button', { name: 'Undo' })).not.toBeInTheDocument()
})

test('a guest is offered no choice', async () => {
  shopperStore.set('guest')
  renderApp('/')

  await screen.findByRole('link', { name: 'Product 101' })

  expect(screen.queryByRole('button', { name: /Not interested/ })).not.toBeInTheDocument()
})

test('the page of choices lists them in words and takes each back', async () => {
  keepChoices(
    makeChoice(5, { kind: 'gift', order_id: 3 }),
    makeChoice(6, { kind: 'not_interested_type', product_type: null }),
  )
  const user = renderApp('/my-choices')
  const list = await screen.findByRole('list', { name: 'My choices' })

  const [gift, kind] = within(list).getAllByRole('listitem')
  expect(gift).toHaveTextContent(/Product 5.*A gift: nothing is learned from it/)
  await waitFor(() => {
    expect(kind).toHaveTextContent(/Fruit & Vegetables.*Nothing of this kind/)
  })
  await user.click(screen.getByRole('button', { name: 'Undo: Product 5' }))

  await waitFor(() => {
    expect(screen.queryByText('Product 5')).not.toBeInTheDocument()
  })
})

test('the page of choices says where to choose as long as nothing is chosen', async () => {
  renderApp('/my-choices')

  expect(await screen.findByText(/Nothing chosen yet/)).toBeVisible()
})

test('a line of an order is called a gift, and no longer', async () => {
  const choices = keepChoices()
  const user = renderApp('/my-orders')
  const gift = await screen.findByRole('button', { name: 'This was a gift: Product 3' })
  await waitFor(() => {
    expect(gift).toBeEnabled()
  })
  expect(gift).toHaveAttribute('aria-pressed', 'false')

  await user.click(gift)
  await waitFor(() => {
    expect(gift).toHaveAttribute('aria-pressed', 'true')
  })
  expect(choices.map(({ kind, product_id, order_id }) => [kind, product_id, order_id])).toEqual([['gift', 3, 3]])

  await user.click(gift)
  await waitFor(() => {
    expect(gift).toHaveAttribute('aria-pressed', 'false')
  })
  expect(screen.getByRole('link', { name: 'My choices' })).toHaveAttribute('href', '/my-choices')
})
