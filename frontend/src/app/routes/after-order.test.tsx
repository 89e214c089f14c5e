import { screen } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { shopperStore } from '@/stores/shopper'
import { makeOrder, makeShelves } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { collect, PROVENANCE, server } from '@/testing/server'

const names = () => screen.getAllByRole('heading', { level: 3 }).map(({ textContent }) => textContent)
const home = () => screen.getByRole('link', { name: '31IE, 홈' })

/** Lets the shelves wait until they are sent. */
function holdShelves(): () => void {
  let send: () => void = () => undefined
  const isSent = new Promise<void>((resolve) => {
    send = resolve
  })
  server.use(
    http.get('*/recommendations/shelves', async () => {
      await isSent
      return HttpResponse.json({ user_nickname: '', shelves: makeShelves(201) }, { headers: PROVENANCE })
    }),
  )
  return send
}

test.each([1, 77])('after an order of shopper %i no list is shown that was made before it', async (shopper) => {
  shopperStore.set(shopper) // the list of shoppers names the first; the name of the other comes with the shelves
  collect('/orders', 201, { ...makeOrder(900), is_repeat: false })
  const user = renderApp('/')
  await user.click(await screen.findByRole('button', { name: /^Product 1(01)? 장바구니에 담기/ }))
  await user.click(screen.getByRole('link', { name: /^장바구니/ }))
  const send = holdShelves()

  await user.click(await screen.findByRole('button', { name: '주문하고 결제하기' }))
  await screen.findByText('주문해 주셔서 고마워요!')
  await user.click(home())

  expect(await screen.findByRole('status', { name: '불러오는 중' })).toBeVisible()
  expect(screen.queryByRole('article')).not.toBeInTheDocument()
  send()
  expect(await screen.findByRole('heading', { name: 'Product 201' })).toBeVisible()
  expect(names()).not.toContain('Product 101')
  expect(names()).not.toContain('Product 1')
})
