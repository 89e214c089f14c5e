import { RotateCw } from 'lucide-react'
import { Notice } from './notice'
import { Button } from './ui/button'
import { useMessages } from '@/i18n/use-messages'
import { ApiError } from '@/lib/api/api-error'

interface ErrorNoticeProps {
  error: unknown
  onRetry: () => void
}

/** Says that something failed, and offers to try again. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps) {
  const m = useMessages()
  const requestId = error instanceof ApiError ? error.requestId : ''
  return (
    <div role="alert">
      <Notice drawing="ice" title={m.errors.title}>
        <p className="text-muted-foreground">{m.errors.text}</p>
        <Button onClick={onRetry}>
          <RotateCw aria-hidden /> {m.errors.retry}
        </Button>
        {requestId && <p className="text-xs text-muted-foreground">{m.errors.code(requestId)}</p>}
      </Notice>
    </div>
  )
}
