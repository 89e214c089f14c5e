import { api } from '../api/client'
import type { ShopperEvent, Transport } from './outbox'
import { toShopper } from '@/stores/shopper'
import { authorize } from '@/stores/tokens'

/** Sends events to `POST /events`, as the shopper whose they are. */
export const apiTransport: Transport = {
  async send(events) {
    try {
      const { response } = await post(events)
      if (response.ok) return 'stored'
      return response.status < 500 && response.status !== 429 ? 'refused' : 'failed'
    } catch {
      return 'failed' // no network, or no answer in time: the outbox keeps them
    }
  },
  sendLast(events) {
    post(events).catch(() => undefined) // nobody is left to be told
  },
}

/** With `keepalive` the browser goes on sending after the page is gone; unlike a beacon it can carry a token. */
function post(events: ShopperEvent[]) {
  const userId = events[0]?.user_id
  const headers = authorize(userId == null ? 'guest' : toShopper(userId))
  return api.POST('/events', { body: { events }, headers, keepalive: true })
}
