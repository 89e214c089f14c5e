import { Link } from 'react-router'
import { Notice } from '@/components/notice'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'

export function NotFoundPage() {
  const m = useMessages()
  return (
    <Notice title={m.errors.page}>
      <Button asChild>
        <Link to="/">{m.navigation.home}</Link>
      </Button>
    </Notice>
  )
}
