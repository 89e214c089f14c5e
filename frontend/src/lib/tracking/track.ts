import { randomKey } from '../random-key'
import { Outbox, type ShopperEvent } from './outbox'
import type { Source } from './source'
import { apiTransport } from './transport'
import { type ShopId } from '@/lib/shop-id'
import { consentStore } from '@/stores/consent'
import { shopperStore, toUserId } from '@/stores/shopper'

const FLUSH_MS = 4_000

const outbox = new Outbox(apiTransport)

/**
 * Notes that the shopper saw, clicked or took a product. Until the shopper has decided about tracking, events wait in
 * this page; a shopper who declines leaves no trace.
 */
export function track(type: ShopperEvent['event_type'], productId: ShopId, source: Source): void {
  if (consentStore.get() === 'declined') return
  const userId = toUserId(shopperStore.get())
  outbox.add({
    ...source,
    event_key: keyOf(type, productId, source),
    event_type: type,
    product_id: productId,
    user_id: userId ?? null,
    occurred_at: new Date().toISOString(),
  })
}

/** A product is seen once in an answer, however often it is scrolled by; each click is one of its own. */
function keyOf(type: ShopperEvent['event_type'], productId: ShopId, source: Source): string {
  return type === 'impression' ? `${type}:${source.request_id}:${productId}` : `${type}:${randomKey()}`
}

/** Starts delivering, and keeps to the shopper's decision. Returns what stops it. */
export function startTracking(): () => void {
  const timer = setInterval(() => void flushIfGranted(), FLUSH_MS)
  const onHidden = () => {
    if (document.visibilityState === 'hidden' && consentStore.get() === 'granted') outbox.flushLast()
  }
  const stopListening = consentStore.subscribe(() => {
    if (consentStore.get() === 'declined') outbox.clear()
    void flushIfGranted()
  })
  document.addEventListener('visibilitychange', onHidden)
  window.addEventListener('pagehide', onHidden)
  return () => {
    clearInterval(timer)
    stopListening()
    document.removeEventListener('visibilitychange', onHidden)
    window.removeEventListener('pagehide', onHidden)
  }
}

async function flushIfGranted(): Promise<void> {
  if (consentStore.get() === 'granted') await outbox.flush()
}
