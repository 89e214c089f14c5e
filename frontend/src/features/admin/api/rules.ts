import { queryOptions } from '@tanstack/react-query'
import { ApiError } from '@/lib/api/api-error'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'

export type Rule = components['schemas']['ListedRule']
export type RuleDraft = components['schemas']['RuleDraft']
export type RuleChange = components['schemas']['RuleChange']

/** The header that a name and the password make; names may hold letters of any language. */
export function toAuthorization(name: string, password: string): string {
  const bytes = new TextEncoder().encode(`${name}:${password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

/** All rules. */
export function rulesQuery(authorization: string) {
  return queryOptions({
    queryKey: ['admin', 'rules', authorization],
    queryFn: async ({ signal }) =>
      (await unpack(api.GET('/admin/rules', { headers: { Authorization: authorization }, signal }))).data.rules,
    enabled: authorization !== '',
    retry: false,
  })
}

/** Who changed which rule. */
export function changesQuery(authorization: string) {
  return queryOptions({
    queryKey: ['admin', 'changes', authorization],
    queryFn: async ({ signal }) =>
      (await unpack(api.GET('/admin/rules/changes', { headers: { Authorization: authorization }, signal }))).data
        .changes,
    enabled: authorization !== '',
    retry: false,
  })
}

/** Makes a rule, or changes one. */
export async function saveRule(authorization: string, draft: RuleDraft, ruleId?: number): Promise<void> {
  const headers = { Authorization: authorization }
  if (ruleId === undefined) await unpack(api.POST('/admin/rules', { body: draft, headers }))
  else await unpack(api.PUT('/admin/rules/{rule_id}', { params: { path: { rule_id: ruleId } }, body: draft, headers }))
}

/** Deletes a rule. */
export async function deleteRule(authorization: string, ruleId: number): Promise<void> {
  const headers = { Authorization: authorization }
  const { response } = await api.DELETE('/admin/rules/{rule_id}', { params: { path: { rule_id: ruleId } }, headers })
  if (!response.ok) throw new ApiError(response.status, `The API answered ${response.status}.`, '')
}
