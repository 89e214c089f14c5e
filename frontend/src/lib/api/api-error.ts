/** The API refused, or did not answer (`status` 0). */
export class ApiError extends Error {
  readonly status: number
  /** What the log of the API knows the request by; empty where it never arrived. */
  readonly requestId: string
  /** The header that said who asked; `null` for a guest. */
  readonly authorization: string | null

  constructor(status: number, message: string, requestId: string, authorization: string | null = null) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.requestId = requestId
    this.authorization = authorization
  }
}
