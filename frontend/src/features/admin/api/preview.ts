import type { RuleDraft } from './rules'
import { api, unpack } from '@/lib/api/client'
import type { components } from '@/lib/api/schema'
import { parseId } from '@/lib/shop-id'

export type Preview = components['schemas']['Preview']
export type PreviewedPage = components['schemas']['PreviewedPage']

/** A rule that is tried out and not saved. */
export interface Trial {
  rule: RuleDraft
  /** What it speaks of is called. */
  name: string
  /** The rule in whose place it is tried out; nothing for a new one. */
  ruleId: number | undefined
}

/** A shopper's id as it was typed, empty for nobody; and the rule that is tried out, if any. */
export interface Question {
  shopper: string
  trial?: Trial
}

/** Makes a shopper's homepage as it is, compared, and with the rule. */
export async function fetchPreview(authorization: string, { shopper, trial }: Question): Promise<Preview> {
  const body = {
    user_id: shopper === '' ? null : parseId(shopper),
    limit: 20,
    rule: trial?.rule ?? null,
    rule_id: trial?.ruleId ?? null,
  }
  return (await unpack(api.POST('/admin/preview', { body, headers: { Authorization: authorization } }))).data
}
