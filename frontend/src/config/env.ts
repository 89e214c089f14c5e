/** What the build was told, checked once. Nothing else reads `import.meta.env`. */

export interface Env {
  /** Where the API answers; empty = where the pages come from. */
  apiUrl: string
  /** ISO 4217 code of the shop's prices. */
  currency: string
}

export function readEnv(given: Record<string, unknown>): Env {
  const apiUrl = text(given.VITE_API_URL).replace(/\/$/, '')
  const currency = text(given.VITE_CURRENCY) || 'USD'
  if (apiUrl && !/^https?:\/\/[^/]+/.test(apiUrl)) {
    throw new Error(`VITE_API_URL=${apiUrl} is no address: leave it empty, or write http(s)://host[:port].`)
  }
  if (!/^[A-Z]{3}$/.test(currency)) {
    throw new Error(`VITE_CURRENCY=${currency} is no currency: write its three letters, such as USD or KRW.`)
  }
  return { apiUrl, currency }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}

export const env = readEnv(import.meta.env)
