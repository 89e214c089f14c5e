import { api } from '../api/client'
import type { Transport } from './outbox'
import { env } from '@/config/env'

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
    const body = new Blob([JSON.stringify({ events })], { type: 'application/json' })
    return navigator.sendBeacon(`${env.apiUrl}/events`, body)
  },
}
