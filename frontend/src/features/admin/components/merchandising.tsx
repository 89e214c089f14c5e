import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { fetchPreview, type Question, type Trial } from '../api/preview'
import { rulesQuery } from '../api/rules'
import { useWords } from '../words/use-words'
import { ChangeList } from './change-list'
import { LoginForm } from './login-form'
import { PreviewPanel } from './preview-panel'
import { RuleList } from './rule-list'
import { Skeleton } from '@/components/ui/skeleton'
import { ApiError } from '@/lib/api/api-error'

/** Asks who is there, then shows the rules, what they make of a homepage, and who changed them. */
export function Merchandising() {
  const w = useWords()
  const [authorization, setAuthorization] = useState('')
  const [shopper, setShopper] = useState('')
  const { data: rules, error, isFetching } = useQuery(rulesQuery(authorization))
  const preview = useMutation({ mutationFn: (question: Question) => fetchPreview(authorization, question) })
  const { reset } = preview
  // A page that other rules made than those that hold is none as it is now.
  useEffect(reset, [reset, rules])
  if (rules === undefined && isFetching) return <Skeleton className="h-40 w-full rounded-card" />
  if (rules === undefined) {
    const status = error instanceof ApiError ? error.status : 0
    const problems: Record<number, string> = { 401: w.wrong, 404: w.absent, 429: w.wait }
    return <LoginForm onLogin={setAuthorization} problem={error === null ? '' : (problems[status] ?? w.failed)} />
  }
  const ask = (trial?: Trial) => {
    preview.mutate({ shopper: shopper.trim(), ...(trial && { trial }) })
  }
  return (
    <div className="flex flex-col gap-10">
      <RuleList authorization={authorization} rules={rules} onTry={ask} />
      <PreviewPanel
        shopper={shopper}
        onType={setShopper}
        onPreview={ask}
        isPending={preview.isPending}
        error={preview.error}
        preview={preview.data}
        asked={preview.variables}
      />
      <ChangeList authorization={authorization} />
    </div>
  )
}
