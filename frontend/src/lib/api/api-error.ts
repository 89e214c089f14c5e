/** The API refused, or did not answer (`status` 0). */
export class ApiError extends Error {
  readonly status: number
  /** What the log of the API knows the request by; empty where it never arrived. */
  readonly requestId: string
  /** The header that said who asked; `null` for a guest. */
  readonly authorization: string | null
  /** The first piece of the request that was wrong, by its name. */
  readonly problem: string | undefined

  constructor(
    status: number,
    message: string,
    requestId: string,
    authorization: string | null = null,
    problem?: string,
  ) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.requestId = requestId
    this.authorization = authorization
    this.problem = problem
  }
}
