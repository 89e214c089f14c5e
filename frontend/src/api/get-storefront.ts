import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'

type Schemas = components['schemas']
export type LocalizedText = Schemas['LocalizedText']
export type Department = Schemas['StorefrontDepartment']
export type Banner = Schemas['StorefrontBanner']

const FIVE_MINUTES_MS = 300_000

/** What the merchant said of the shop: name, colours, departments, banners. */
export const storefrontQuery = queryOptions({
  queryKey: ['storefront'],
  queryFn: async ({ signal }) => (await unpack(api.GET('/storefront', { signal }))).data,
  staleTime: FIVE_MINUTES_MS,
})

/** The storefront; nothing while it is on its way. */
export function useStorefront(): Schemas['Storefront'] | undefined {
  return useQuery(storefrontQuery).data
}
