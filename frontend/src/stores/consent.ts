import { createStore } from '@/lib/create-store'

/** Whether the shopper lets the shop learn from what is seen and clicked; `undecided` until asked. */
export type Consent = 'granted' | 'declined' | 'undecided'

export const consentStore = createStore<Consent>('31ie.consent', (stored) =>
  stored === 'granted' || stored === 'declined' ? stored : 'undecided',
)
