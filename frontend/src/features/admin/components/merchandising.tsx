import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { rulesQuery } from '../api/rules'
import { useWords } from '../words/use-words'
import { ChangeList } from './change-list'
import { LoginForm } from './login-form'
import { RuleList } from './rule-list'
import { Skeleton } from '@/components/ui/skeleton'
import { ApiError } from '@/lib/api/api-error'

/** Asks who is there, then shows the rules and who changed them. */
export function Merchandising() {
  const w = useWords()
  const [authorization, setAuthorization] = useState('')
  const { data: rules, error, isFetching } = useQuery(rulesQuery(authorization))
  if (rules === undefined && isFetching) return <Skeleton className="h-40 w-full rounded-card" />
  if (rules === undefined) {
    const status = error instanceof ApiError ? error.status : 0
    const problems: Record<number, string> = { 401: w.wrong, 404: w.absent, 429: w.wait }
    return <LoginForm onLogin={setAuthorization} problem={error === null ? '' : (problems[status] ?? w.failed)} />
  }
  return (
    <div className="flex flex-col gap-10">
      <RuleList authorization={authorization} rules={rules} />
      <ChangeList authorization={authorization} />
    </div>
  )
}
