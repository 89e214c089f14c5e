import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { installBrowser } from './browser'
import { server } from './server'
import { localeStore } from '@/i18n/locale-store'
import { consentStore } from '@/stores/consent'
import { shopperStore } from '@/stores/shopper'

/** A store or an answer that changes a page behind the test's back is how the pages work, no mistake. */
const LATE_UPDATE = 'not wrapped in act'
/** The shell is drawn without a document, on purpose: what a layout effect does is for the pages that replace it. */
const DRAWN_AHEAD = 'useLayoutEffect does nothing on the server'
const complaints: string[] = []

configure({ asyncUtilTimeout: 60_000 }) // a busy machine takes its time

beforeAll(() => {
  server.listen({ onUnhandledRequest: 'error' })
})

beforeEach(() => {
  complaints.length = 0
  vi.spyOn(console, 'error').mockImplementation((...words: unknown[]) => complaints.push(words.map(String).join(' ')))
  installBrowser()
  localStorage.clear()
  localeStore.set('ko')
  consentStore.set('declined')
  shopperStore.set(1)
})

afterEach(() => {
  cleanup()
  server.resetHandlers()
  const isMeant = (words: string) => words.includes(LATE_UPDATE) || words.includes(DRAWN_AHEAD)
  expect(complaints.filter((words) => !isMeant(words))).toEqual([])
})

afterAll(() => {
  server.close()
})
