import { QueryObserver, type QueryClient } from '@tanstack/react-query'
import { forgetAnswers, makeQueryClient, renewAnswers } from './query-client'

/** A client with answers to three questions, of which the page asks for two. */
async function askTwo() {
  const client = makeQueryClient()
  let times = 0
  const stops = await Promise.all(
    ['home', 'storefront'].map(async (question) => {
      const observer = new QueryObserver(client, { queryKey: [question], queryFn: () => Promise.resolve(++times) })
      const stop = observer.subscribe(() => undefined)
      await vi.waitFor(() => {
        expect(client.getQueryData([question])).toBeDefined()
      })
      return stop
    }),
  )
  client.setQueryData(['orders'], 0)
  const stop = () => {
    for (const each of stops) each()
  }
  return { client, stop }
}

const answers = (client: QueryClient) => ['home', 'storefront', 'orders'].map((each) => client.getQueryData([each]))

test('what is on the page stays until it is answered anew, what is not is forgotten', async () => {
  const { client, stop } = await askTwo()

  renewAnswers(client)

  expect(answers(client)).toEqual([1, 2, undefined])
  await vi.waitFor(() => {
    expect(answers(client)).toEqual([3, 4, undefined])
  })
  stop()
})

test('what is forgotten goes from the page at once, but for what the shop says of itself', async () => {
  const { client, stop } = await askTwo()

  forgetAnswers(client)

  expect(answers(client)).toEqual([undefined, 2, undefined])
  await vi.waitFor(() => {
    expect(client.getQueryData(['home'])).toBeGreaterThan(2)
  })
  stop()
})
