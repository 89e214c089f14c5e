import { useState } from 'react'
import { toAuthorization } from '../api/rules'
import { useWords } from '../words/use-words'
import { Field } from './field'
import { Button } from '@/components/ui/button'

interface LoginFormProps {
  /** What kept the last try from succeeding. */
  problem?: string
  onLogin: (authorization: string) => void
}

/** Name and password of an admin; they stay in the page's memory alone. */
export function LoginForm({ problem, onLogin }: LoginFormProps) {
  const w = useWords()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  return (
    <form
      className="flex max-w-md flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        onLogin(toAuthorization(name.trim(), password))
      }}
    >
      <Field label={w.name} hint={w.nameHint}>
        {(props) => (
          <input
            {...props}
            required
            maxLength={64}
            autoComplete="username"
            value={name}
            onChange={(event) => {
              setName(event.target.value)
            }}
          />
        )}
      </Field>
      <Field label={w.password}>
        {(props) => (
          <input
            {...props}
            required
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => {
              setPassword(event.target.value)
            }}
          />
        )}
      </Field>
      <p role="alert" className="min-h-5 text-sm text-offer">
        {problem}
      </p>
      <Button type="submit">{w.login}</Button>
    </form>
  )
}
