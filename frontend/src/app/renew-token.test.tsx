import { QueryObserver } from '@tanstack/react-query'
import { waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { renewTokenOnRefusal } from './renew-token'
import { homeQuery } from '@/api/get-home'
import { shoppersQuery } from '@/api/get-shoppers'
import { makeQueryClient } from '@/lib/query-client'
import { shopperStore } from '@/stores/shopper'
import { tokensStore } from '@/stores/tokens'
import { SHOPPERS } from '@/testing/catalogue'
import { answer, server } from '@/testing/server'

/** A shop that wants the token `fresh`, and hands out the given one. */
function askForTokens(handedOut: string): string[] {
  const seen: string[] = []
  server.use(
    http.get('*/users', () => HttpResponse.json({ users: SHOPPERS.map((each) => ({ ...each, token: handedOut })) })),
    http.get('*/recommendations/home', ({ request }) => {
      seen.push(request.headers.get('Authorization') ?? '')
      const isWelcome = seen.at(-1) === 'Bearer fresh'
      return HttpResponse.json({ user_nickname: '홍길동', recommendations: [] }, { status: isWelcome ? 200 : 401 })
    }),
  )
  return seen
}

async function openHome() {
  const client = makeQueryClient()
  const stop = renewTokenOnRefusal(client)
  await client.query(homeQuery(1)).catch(() => undefined)
  return { client, stop }
}

test('an old token is renewed without a word', async () => {
  tokensStore.set({ '1': 'old' })
  askForTokens('fresh')

  const { client, stop } = await openHome()

  await waitFor(() => {
    expect(tokensStore.get()['1']).toBe('fresh')
  })
  await expect(client.query(homeQuery(1))).resolves.toMatchObject({ nickname: '홍길동' })
  stop()
})

test.each(['after', 'before'])(
  'a first visit that names a shopper takes the token that comes %s the refusal',
  async (when) => {
    tokensStore.set({})
    askForTokens('fresh')
    const client = makeQueryClient()
    const handOut = () => HttpResponse.json({ users: SHOPPERS.map((each) => ({ ...each, token: 'fresh' })) })
    const refuse = () => HttpResponse.json({}, { status: 401 })
    const isRefused = () => {
      expect(client.getQueryState(homeQuery(1).queryKey)?.status).toBe('error')
    }
    const isHandedOut = () => {
      expect(tokensStore.get()['1']).toBe('fresh')
    }
    server.use(
      when === 'after'
        ? http.get('*/users', () => waitFor(isRefused).then(handOut))
        : http.get('*/recommendations/home', () => waitFor(isHandedOut).then(refuse), { once: true }),
    )
    const stop = renewTokenOnRefusal(client)
    const watched = new QueryObserver(client, homeQuery(1))
    const unwatch = watched.subscribe(() => undefined)

    await client.query(shoppersQuery)

    await waitFor(() => {
      expect(watched.getCurrentResult().data?.nickname).toBe('홍길동')
    })
    expect(shopperStore.get()).toBe(1)
    unwatch()
    stop()
  },
)

test.each(['a token that is refused again', 'a shop that hands out none'])('%s makes a guest', async (what) => {
  tokensStore.set({ '1': 'old' })
  askForTokens('old')
  if (what.endsWith('none')) answer('get', '/users', 404)

  const { stop } = await openHome()

  await waitFor(() => {
    expect(shopperStore.get()).toBe('guest')
  })
  stop()
})

test('a link with an id that no shopper can have makes a guest', async () => {
  answer('get', '/recommendations/home', 422)

  const { stop } = await openHome()

  expect(shopperStore.get()).toBe('guest')
  stop()
})

test('where nobody asks for tokens, none is sent', async () => {
  tokensStore.set({})
  const seen = askForTokens('fresh')
  await makeQueryClient()
    .query(homeQuery(1))
    .catch(() => undefined)

  expect(seen[0]).toBe('')
})
