import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Trial } from '../api/preview'
import { saveRule, type Rule } from '../api/rules'
import { ACTIONS, kindsOf, toDraft, toWriting, type Action, type Kind, type Writing } from '../draft'
import { useWords } from '../words/use-words'
import { DateFields } from './date-fields'
import { Field } from './field'
import { TargetField } from './target-field'
import { Button } from '@/components/ui/button'
import { ApiError } from '@/lib/api/api-error'

interface RuleFormProps {
  authorization: string
  /** The rule that is changed; nothing for a new one. */
  rule: Rule | undefined
  /** Shows what it would do, unsaved. */
  onTry: (trial: Trial) => void
  onClose: (said: string) => void
}

/** Writes a rule. What is wrong with it is said above its buttons. */
export function RuleForm({ authorization, rule, onTry, onClose }: RuleFormProps) {
  const w = useWords()
  const client = useQueryClient()
  const [writing, setWriting] = useState(() => toWriting(rule))
  const [problem, setProblem] = useState('')
  const first = useRef<HTMLSelectElement>(null)
  useEffect(() => first.current?.focus(), [])
  const change = (part: Partial<Writing>) => {
    setWriting((before) => ({ ...before, ...part }))
  }
  const save = useMutation({
    mutationFn: () => saveRule(authorization, toDraft(writing), rule?.rule_id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['admin'] })
      onClose(w.saved)
    },
    onError: (error) => {
      const [name = ''] = error instanceof ApiError ? (error.problem ?? '').split('.') : []
      setProblem(w.problems[name] ?? w.failed)
    },
  })
  const attempt = (act: () => void) => {
    setProblem(writing.target === '' ? w.noProduct : '')
    if (writing.target !== '') act()
  }
  return (
    <form
      aria-label={rule ? w.ruleNumber(rule.rule_id) : w.add}
      className="grid max-w-3xl gap-4 rounded-card border bg-card p-4 sm:grid-cols-2"
      onSubmit={(event) => {
        event.preventDefault()
        attempt(save.mutate)
      }}
    >
      <Field label={w.action}>
        {(props) => (
          <select
            {...props}
            ref={first}
            value={writing.action}
            onChange={(event) => {
              const action = event.target.value as Action
              const isLeft = kindsOf(action).includes(writing.kind)
              change({ action, ...(isLeft ? {} : { kind: 'brand', target: '', name: '' }) })
            }}
          >
            {ACTIONS.map((each) => (
              <option key={each} value={each}>
                {w.actions[each]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {writing.action === 'hide' ? (
        <span />
      ) : (
        <Field label={w.values[writing.action]}>
          {(props) => (
            <input
              {...props}
              required
              type="number"
              value={writing.value}
              onChange={(event) => {
                change({ value: event.target.value })
              }}
            />
          )}
        </Field>
      )}
      <Field label={w.target}>
        {(props) => (
          <select
            {...props}
            value={writing.kind}
            onChange={(event) => {
              change({ kind: event.target.value as Kind, target: '', name: '' })
            }}
          >
            {kindsOf(writing.action).map((each) => (
              <option key={each} value={each}>
                {w.kinds[each]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <TargetField writing={writing} onChange={change} />
      <DateFields writing={writing} onChange={change} />
      <p role="alert" className="min-h-5 text-sm text-offer sm:col-span-2">
        {problem}
      </p>
      <div className="flex flex-wrap gap-2 sm:col-span-2">
        <Button type="submit" disabled={save.isPending}>
          {w.save}
        </Button>
        <Button
          variant="outline"
          onClick={(event) => {
            if (!event.currentTarget.form?.reportValidity()) return
            attempt(() => {
              onTry({ rule: toDraft(writing), name: writing.name, ruleId: rule?.rule_id })
            })
          }}
        >
          {w.preview.tryRule}
        </Button>
        <Button
          variant="ghost"
          onClick={() => {
            onClose('')
          }}
        >
          {w.cancel}
        </Button>
      </div>
    </form>
  )
}
