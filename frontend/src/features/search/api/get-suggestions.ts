import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'

export type Suggestion = components['schemas']['Suggestion']

const A_MINUTE_MS = 60_000

/** What may be meant by something that is being typed; the last answer stays until the next one is there. */
export function suggestionsQuery(typed: string) {
  return queryOptions({
    queryKey: ['suggestions', typed],
    queryFn: async ({ signal }) => {
      const asked = api.GET('/catalogue/suggestions', { params: { query: { query: typed } }, signal })
      return (await unpack(asked)).data.suggestions
    },
    enabled: typed !== '',
    placeholderData: typed === '' ? undefined : keepPreviousData,
    staleTime: A_MINUTE_MS,
    retry: false,
  })
}
