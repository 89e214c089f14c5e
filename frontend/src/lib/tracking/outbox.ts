import type { components } from '../api/schema'

export type ShopperEvent = components['schemas']['ShopperEvent']

/** What became of a delivery: stored, never acceptable, or to be sent again. */
export type Delivery = 'stored' | 'refused' | 'failed'

export interface Transport {
  send: (events: ShopperEvent[]) => Promise<Delivery>
  /** For a page that is going away: true once the browser has taken the events over. */
  sendLast: (events: ShopperEvent[]) => boolean
}

export const BATCH_SIZE = 100 // keeps a batch under the 64 kB that a closing page may send
const KEPT_AT_MOST = 1_000

/**
 * Events on their way to the API, in order. An event leaves only when its delivery is confirmed; since each has a
 * key of its own, sending it twice stores it once.
 */
export class Outbox {
  private waiting: ShopperEvent[] = []
  private isSending = false
  private readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  get size(): number {
    return this.waiting.length
  }

  add(event: ShopperEvent): void {
    this.waiting.push(event)
    this.waiting = this.waiting.slice(-KEPT_AT_MOST)
  }

  /** Sends what waits, batch by batch, until all is gone or a delivery fails. */
  async flush(): Promise<void> {
    if (this.isSending) return
    this.isSending = true
    try {
      while (this.waiting.length > 0) {
        const batch = this.waiting.slice(0, BATCH_SIZE)
        if ((await this.transport.send(batch)) === 'failed') return
        this.remove(batch)
      }
    } finally {
      this.isSending = false
    }
  }

  /** Hands everything to the browser, which sends it after the page is gone. */
  flushLast(): void {
    for (const batch of chunk(this.waiting, BATCH_SIZE)) {
      if (this.transport.sendLast(batch)) this.remove(batch)
    }
  }

  /** Forgets everything unsent. */
  clear(): void {
    this.waiting = []
  }

  private remove(batch: ShopperEvent[]): void {
    const gone = new Set(batch)
    this.waiting = this.waiting.filter((event) => !gone.has(event))
  }
}

function chunk<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
