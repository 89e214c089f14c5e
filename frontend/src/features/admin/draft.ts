import type { Rule, RuleDraft } from './api/rules'
import type { ShopId } from '@/lib/shop-id'

export type Action = RuleDraft['action']
export type Kind = RuleDraft['target']['kind']

export const ACTIONS: Action[] = ['pin', 'boost', 'bury', 'hide', 'cap']
const KINDS: Kind[] = ['product', 'family', 'brand', 'category', 'product_type']

/** A rule while it is being written: each field as its control holds it. */
export interface Writing {
  action: Action
  kind: Kind
  /** The chosen product or department, or a text; empty while nothing is chosen. */
  target: ShopId
  /** What the target is called. */
  name: string
  value: string
  startsAt: string
  endsAt: string
  isActive: boolean
  note: string
}

const NOTHING: Writing = {
  action: 'pin',
  kind: 'product',
  target: '',
  name: '',
  value: '1',
  startsAt: '',
  endsAt: '',
  isActive: true,
  note: '',
}

/** The kinds of targets that an action has: a list shows a product once anyway, so that nothing caps one. */
export function kindsOf(action: Action): Kind[] {
  return action === 'cap' ? KINDS.filter((kind) => kind !== 'product' && kind !== 'family') : KINDS
}

/** Begins from nothing, or from a rule. */
export function toWriting(rule: Rule | undefined): Writing {
  if (rule === undefined) return NOTHING
  return {
    action: rule.action,
    kind: rule.target.kind,
    target: targetOf(rule),
    name: rule.target_name ?? '',
    value: rule.value == null ? '' : String(rule.value),
    startsAt: toLocal(rule.starts_at),
    endsAt: toLocal(rule.ends_at),
    isActive: rule.is_active,
    note: rule.note,
  }
}

/** What a rule speaks of: an id or a text. */
export function targetOf({ target }: Pick<RuleDraft, 'target'>): ShopId {
  if ('product_id' in target) return target.product_id
  if ('category_id' in target) return target.category_id
  return 'brand' in target ? target.brand : target.product_type
}

/** What a rule does to what, in a line; what has no name stands there as the shop knows it. */
export function sayRule(rule: RuleDraft, actions: Record<Action, string>, name = ''): string {
  return [actions[rule.action], rule.value, name || targetOf(rule)].filter((each) => each != null).join(' ')
}

/** Makes what the API takes. */
export function toDraft(writing: Writing): RuleDraft {
  return {
    action: writing.action,
    target: makeTarget(writing.kind, writing.target),
    value: writing.action === 'hide' ? null : Number(writing.value),
    starts_at: toInstant(writing.startsAt),
    ends_at: toInstant(writing.endsAt),
    is_active: writing.isActive,
    note: writing.note,
  }
}

function makeTarget(kind: Kind, target: ShopId): RuleDraft['target'] {
  if (kind === 'product' || kind === 'family') return { kind, product_id: target }
  if (kind === 'category') return { kind, category_id: target }
  return kind === 'brand' ? { kind, brand: String(target) } : { kind, product_type: String(target) }
}

/** Writes an instant as a control for local date and time holds it. */
function toLocal(instant: string | null | undefined): string {
  if (instant == null) return ''
  const date = new Date(instant)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function toInstant(local: string): string | null {
  return local === '' ? null : new Date(local).toISOString()
}
