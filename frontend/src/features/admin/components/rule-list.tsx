import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Trial } from '../api/preview'
import { deleteRule, type Rule } from '../api/rules'
import { targetOf } from '../draft'
import { useWords } from '../words/use-words'
import { RuleForm } from './rule-form'
import { Button } from '@/components/ui/button'

interface RuleListProps {
  authorization: string
  rules: Rule[]
  /** Shows what a rule would do that is not saved. */
  onTry: (trial: Trial) => void
}

/** All rules, with a form for a new one or the one that is being changed. */
export function RuleList({ authorization, rules, onTry }: RuleListProps) {
  const w = useWords()
  const client = useQueryClient()
  const [editing, setEditing] = useState<number | 'new'>()
  const [said, setSaid] = useState('')
  const remove = useMutation({
    mutationFn: (ruleId: number) => deleteRule(authorization, ruleId),
    onSuccess: async () => {
      setSaid(w.deleted)
      await client.invalidateQueries({ queryKey: ['admin'] })
    },
    onError: () => {
      setSaid(w.failed)
    },
  })
  const close = (words: string) => {
    setEditing(undefined)
    setSaid(words)
  }
  return (
    <section className="flex flex-col gap-4">
      <div className="flex items-center justify-between gap-4">
        <h2 className="text-xl font-bold">{w.rules}</h2>
        <Button
          size="small"
          onClick={() => {
            setEditing('new')
          }}
        >
          {w.add}
        </Button>
      </div>
      <p role="status" className="min-h-5 text-sm">
        {said}
      </p>
      {editing !== undefined && (
        <RuleForm
          key={editing}
          authorization={authorization}
          rule={rules.find((each) => each.rule_id === editing)}
          onTry={onTry}
          onClose={close}
        />
      )}
      {rules.length === 0 && <p className="text-muted-foreground">{w.none}</p>}
      <ul className="flex flex-col gap-3">
        {rules.map((rule) => (
          <li key={rule.rule_id} className="flex flex-wrap items-center gap-3 rounded-card border bg-card p-4">
            <div className="min-w-48 grow">
              <RuleLine rule={rule} />
            </div>
            <Button
              size="small"
              variant="outline"
              aria-label={`${w.edit}: ${w.ruleNumber(rule.rule_id)}`}
              onClick={() => {
                setEditing(rule.rule_id)
              }}
            >
              {w.edit}
            </Button>
            <Button
              size="small"
              variant="ghost"
              aria-label={`${w.remove}: ${w.ruleNumber(rule.rule_id)}`}
              disabled={remove.isPending}
              onClick={() => {
                remove.mutate(rule.rule_id)
              }}
            >
              {w.remove}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What a rule says, in a line, with its state, its dates and its note below. */
function RuleLine({ rule }: { rule: Rule }) {
  const w = useWords()
  const dates = [rule.starts_at, rule.ends_at].map((at) => (at == null ? '' : new Date(at).toLocaleString()))
  return (
    <>
      <p className="font-semibold">
        {w.actions[rule.action]}
        {rule.value == null ? '' : ` ${rule.value}`} · {w.kinds[rule.target.kind]} ·{' '}
        <bdi>{rule.target_name ?? `${targetOf(rule)} (${w.gone})`}</bdi>
      </p>
      <p className="text-sm text-muted-foreground">
        {w.ruleNumber(rule.rule_id)} · {w.states[rule.state]}
        {dates.some((each) => each !== '') && ` · ${dates.join(' – ')}`}
        {rule.note ? ` · ${rule.note}` : ''}
      </p>
    </>
  )
}
