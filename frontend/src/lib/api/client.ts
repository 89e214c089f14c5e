import createClient from 'openapi-fetch'
import { ApiError } from './api-error'
import type { paths } from './schema'
import { env } from '@/config/env'
import { authorize } from '@/stores/tokens'

const TIMEOUT_MS = 10_000

/** Who had asked, by the answer. */
const authorizations = new WeakMap<Response, string | null>()

/** The client of the API. Its types are generated from the API's own description: `npm run client`. */
export const api = createClient<paths>({
  baseUrl: env.apiUrl || globalThis.origin,
  fetch: (request) => fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]) }),
})

api.use({
  onRequest: ({ request }) => {
    if (request.headers.has('Authorization')) return
    for (const [name, value] of Object.entries(authorize())) request.headers.set(name, value)
  },
  onResponse: ({ request, response }) => {
    authorizations.set(response, request.headers.get('Authorization'))
  },
})

interface Outcome<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/**
 * Waits for an answer and unpacks it.
 *
 * @throws ApiError for every other outcome than the one asked for.
 */
export async function unpack<Data>(asking: Promise<Outcome<Data>>): Promise<{ data: Data; headers: Headers }> {
  let outcome: Outcome<Data>
  try {
    outcome = await asking
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(0, 'The API does not answer.', '')
  }
  const { data, error, response } = outcome
  if (data === undefined || !response.ok) throw toApiError(error, response)
  return { data, headers: response.headers }
}

function toApiError(body: unknown, response: Response): ApiError {
  const message = hasError(body) ? body.error.message : `The API answered ${response.status}.`
  const requestId = response.headers.get('X-Request-Id') ?? ''
  const problem = hasError(body) ? body.error.details?.[0]?.field : undefined
  return new ApiError(response.status, message, requestId, authorizations.get(response), problem)
}

function hasError(body: unknown): body is { error: { message: string; details?: { field: string }[] } } {
  if (typeof body !== 'object' || body === null || !('error' in body)) return false
  const { error } = body
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
}
