import type { Writing } from '../draft'
import { useWords } from '../words/use-words'
import { Field } from './field'

interface DateFieldsProps {
  writing: Writing
  onChange: (change: Partial<Writing>) => void
}

/** From when until when a rule holds, its note, and whether it holds at all. */
export function DateFields({ writing, onChange }: DateFieldsProps) {
  const w = useWords()
  return (
    <>
      <Field label={w.startsAt}>
        {(props) => (
          <input
            {...props}
            type="datetime-local"
            value={writing.startsAt}
            onChange={(event) => {
              onChange({ startsAt: event.target.value })
            }}
          />
        )}
      </Field>
      <Field label={w.endsAt}>
        {(props) => (
          <input
            {...props}
            type="datetime-local"
            value={writing.endsAt}
            onChange={(event) => {
              onChange({ endsAt: event.target.value })
            }}
          />
        )}
      </Field>
      <Field label={w.note}>
        {(props) => (
          <input
            {...props}
            maxLength={500}
            value={writing.note}
            onChange={(event) => {
              onChange({ note: event.target.value })
            }}
          />
        )}
      </Field>
      <label className="flex items-center gap-2 self-end py-2.5 text-sm font-medium">
        <input
          type="checkbox"
          className="size-5"
          checked={writing.isActive}
          onChange={(event) => {
            onChange({ isActive: event.target.checked })
          }}
        />
        {w.isActive}
      </label>
    </>
  )
}
