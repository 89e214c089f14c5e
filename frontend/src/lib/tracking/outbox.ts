import type { components } from '../api/schema'

export type ShopperEvent = components['schemas']['ShopperEvent']

/** What became of a delivery: stored, never acceptable, or to be sent again. */
export type Delivery = 'stored' | 'refused' | 'failed'

/** Takes batches of one shopper's events to the API. */
export interface Transport {
  send: (events: ShopperEvent[]) => Promise<Delivery>
  /** For a page that is going away: nobody is left to hear the outcome. */
  sendLast: (events: ShopperEvent[]) => void
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
        const batch = this.nextBatch()
        if ((await this.transport.send(batch)) === 'failed') return
        this.remove(batch)
      }
    } finally {
      this.isSending = false
    }
  }

  /** Hands everything to the browser, which sends it after the page is gone. */
  flushLast(): void {
    while (this.waiting.length > 0) {
      const batch = this.nextBatch()
      this.transport.sendLast(batch)
      this.remove(batch)
    }
  }

  /** Forgets everything unsent. */
  clear(): void {
    this.waiting = []
  }

  /** The first events that wait, all of one shopper: a delivery goes out under one token. */
  private nextBatch(): ShopperEvent[] {
    const first = this.waiting[0]?.user_id
    const others = this.waiting.findIndex((event) => event.user_id !== first)
    return this.waiting.slice(0, Math.min(others < 0 ? Infinity : others, BATCH_SIZE))
  }

  private remove(batch: ShopperEvent[]): void {
    const gone = new Set(batch)
    this.waiting = this.waiting.filter((event) => !gone.has(event))
  }
}
