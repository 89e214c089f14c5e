import { env } from '@/config/env'

/** Where a picture is: paths stand on the API's server, full addresses for themselves. */
export function imageSrc(url: string): string {
  return url.startsWith('/') ? `${env.apiUrl}${url}` : url
}
