import { queryOptions } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'

const AN_HOUR_MS = 3_600_000

export const categoriesQuery = queryOptions({
  queryKey: ['categories'],
  queryFn: async ({ signal }) => (await unpack(api.GET('/categories', { signal }))).data.categories,
  staleTime: AN_HOUR_MS,
})
