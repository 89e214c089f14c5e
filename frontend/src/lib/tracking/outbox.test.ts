import { BATCH_SIZE, Outbox, type Delivery, type ShopperEvent, type Transport } from './outbox'

const makeEvent = (key: string) => ({ event_key: key }) as ShopperEvent
const keysOf = (events: ShopperEvent[]) => events.map((event) => event.event_key)

class FakeTransport implements Transport {
  readonly sent: string[][] = []
  delivery: Delivery = 'stored'

  send(events: ShopperEvent[]): Promise<Delivery> {
    this.sent.push(keysOf(events))
    return Promise.resolve(this.delivery)
  }

  sendLast(events: ShopperEvent[]): void {
    this.sent.push(keysOf(events))
  }
}

function fill(count: number) {
  const transport = new FakeTransport()
  const outbox = new Outbox(transport)
  for (let index = 0; index < count; index++) outbox.add(makeEvent(String(index)))
  return { transport, outbox }
}

test('events leave in batches, in order', async () => {
  const { transport, outbox } = fill(BATCH_SIZE + 1)

  await outbox.flush()

  expect(transport.sent.map((batch) => batch.length)).toEqual([BATCH_SIZE, 1])
  expect(transport.sent.flat()).toEqual(Array.from({ length: BATCH_SIZE + 1 }, (_, index) => String(index)))
  expect(outbox.size).toBe(0)
})

test('what could not be delivered is sent again, under the same keys', async () => {
  const { transport, outbox } = fill(2)
  transport.delivery = 'failed'
  await outbox.flush()

  transport.delivery = 'stored'
  await outbox.flush()

  expect(transport.sent).toEqual([
    ['0', '1'],
    ['0', '1'],
  ])
  expect(outbox.size).toBe(0)
})

test('what will never be accepted does not stand in the way of the rest', async () => {
  const { transport, outbox } = fill(1)
  transport.delivery = 'refused'

  await outbox.flush()

  expect(outbox.size).toBe(0)
})

test('two deliveries at once send nothing twice', async () => {
  const { transport, outbox } = fill(1)

  await Promise.all([outbox.flush(), outbox.flush()])

  expect(transport.sent).toEqual([['0']])
})

test('a page that closes hands everything over', () => {
  const { transport, outbox } = fill(BATCH_SIZE + 1)

  outbox.flushLast()

  expect(transport.sent.map((batch) => batch.length)).toEqual([BATCH_SIZE, 1])
  expect(outbox.size).toBe(0)
})

test('each batch is of one shopper, in order', async () => {
  const { transport, outbox } = fill(0)
  for (const [key, userId] of [
    ['a', 1],
    ['b', 1],
    ['c', 2],
    ['d', 1],
  ] as const) {
    outbox.add({ ...makeEvent(key), user_id: userId })
  }

  await outbox.flush()

  expect(transport.sent).toEqual([['a', 'b'], ['c'], ['d']])
})

test('a shop that is down for long does not fill the memory', () => {
  expect(fill(5_000).outbox.size).toBe(1_000)
})
