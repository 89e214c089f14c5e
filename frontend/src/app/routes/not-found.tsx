import { Link } from 'react-router'
import { useDocumentTitle } from '../page-title'
import { Notice } from '@/components/notice'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'

export function NotFoundPage() {
  const m = useMessages()
  useDocumentTitle(m.errors.page)
  return (
    <Notice title={m.errors.page} isPage>
      <Button asChild>
        <Link to="/">{m.navigation.home}</Link>
      </Button>
    </Notice>
  )
}
