import { api } from '../api/client'
import type { Transport } from './outbox'
import { env } from '@/config/env'
import { authorize } from '@/stores/tokens'

/** Sends events to `POST /events`. */
export const apiTransport: Transport = {
  async send(events) {
    try {
      const { response } = await api.POST('/events', { body: { events } })
      if (response.ok) return 'stored'
      return response.status < 500 ? 'refused' : 'failed'
    } catch {
      return 'failed' // no network, or no answer in time: the outbox keeps them
    }
  },
  sendLast(events) {
    const headers = { 'Content-Type': 'application/json', ...authorize() }
    const sending = fetch(`${env.apiUrl || window.location.origin}/events`, {
      method: 'POST',
      keepalive: true, // as a beacon would be, which could carry no token
      headers,
      body: JSON.stringify({ events }),
    })
    sending.catch(() => undefined) // nobody is left to be told
    return true
  },
}
