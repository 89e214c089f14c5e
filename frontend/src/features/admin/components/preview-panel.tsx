import { useEffect, useRef } from 'react'
import type { Preview, Question } from '../api/preview'
import { sayRule } from '../draft'
import { useWords, type Words } from '../words/use-words'
import { Field } from './field'
import { Column, PreviewColumn } from './preview-column'
import { Button } from '@/components/ui/button'
import { ApiError } from '@/lib/api/api-error'

interface PreviewPanelProps {
  /** The typed id of a shopper. */
  shopper: string
  onType: (shopper: string) => void
  onPreview: () => void
  isPending: boolean
  error: Error | null
  /** The pages, and what was asked for them; nothing before the first. */
  preview: Preview | undefined
  asked: Question | undefined
}

/** Asks for a shopper and shows that shopper's homepage side by side. What a try brings is taken into view. */
export function PreviewPanel({ shopper, onType, onPreview, isPending, error, preview, asked }: PreviewPanelProps) {
  const w = useWords()
  const heading = useRef<HTMLHeadingElement>(null)
  const isSettled = preview !== undefined || error !== null
  useEffect(() => {
    if (!isSettled) return
    heading.current?.focus({ preventScroll: true })
    heading.current?.scrollIntoView()
  }, [isSettled, asked])
  return (
    <section className="flex flex-col gap-4">
      <h2 ref={heading} tabIndex={-1} className="scroll-mt-32 text-xl font-bold">
        {w.preview.title}
      </h2>
      <form
        className="flex max-w-md flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          onPreview()
        }}
      >
        <Field label={w.preview.shopper} hint={w.preview.shopperHint}>
          {(props) => (
            <input
              {...props}
              autoComplete="off"
              value={shopper}
              onChange={(event) => {
                onType(event.target.value)
              }}
            />
          )}
        </Field>
        <Button type="submit" variant="outline" className="self-start" disabled={isPending}>
          {w.preview.show}
        </Button>
      </form>
      <p role="alert" className="min-h-5 text-sm text-offer">
        {error && sayProblem(error, w)}
      </p>
      <p role="status" className="text-sm font-medium empty:hidden">
        {isPending && w.preview.asking}
        {preview && asked && w.preview.of(nameOf(preview, asked))}
      </p>
      {preview && (
        <div className="grid gap-6 md:auto-cols-fr md:grid-flow-col">
          <PreviewColumn title={w.preview.now} page={preview.now} />
          {preview.compared ? (
            <PreviewColumn title={w.preview.compared} page={preview.compared} now={preview.now} />
          ) : (
            <Column title={w.preview.compared}>
              <p className="text-sm">{w.preview.nothingCompared}</p>
            </Column>
          )}
          {preview.tried && asked?.trial && (
            <PreviewColumn
              title={w.preview.tried(sayRule(asked.trial.rule, w.actions, asked.trial.name))}
              page={preview.tried}
              now={preview.now}
            />
          )}
        </div>
      )}
    </section>
  )
}

function nameOf({ now }: Preview, { shopper }: Question): string | undefined {
  if (shopper === '') return undefined
  return now.user_nickname === '' ? `#${shopper}` : `${now.user_nickname} (#${shopper})`
}

function sayProblem(error: Error, w: Words): string {
  if (!(error instanceof ApiError)) return w.failed
  const { status, problem = '' } = error
  if (status === 422) return problem.includes('user') ? w.preview.noShopper : (w.problems.body ?? w.failed)
  const words: Record<number, string> = { 0: w.preview.silent, 429: w.wait, 503: w.preview.unavailable }
  return words[status] ?? w.failed
}
