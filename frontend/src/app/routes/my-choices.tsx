import { PageTitle } from '../page-title'
import { useMayChooseShopper } from '@/api/get-shoppers'
import { Notice } from '@/components/notice'
import { ChoiceList } from '@/features/choices/components/choice-list'
import { useMessages } from '@/i18n/use-messages'
import { shopperStore, toUserId } from '@/stores/shopper'

export function MyChoicesPage() {
  const m = useMessages()
  const userId = toUserId(shopperStore.use())
  const mayChoose = useMayChooseShopper()
  return (
    <>
      <PageTitle>{m.choices.title}</PageTitle>
      {userId === undefined ? (
        <Notice title={mayChoose ? m.choices.guest : m.choices.signedOut} />
      ) : (
        <div className="flex flex-col gap-4">
          <p className="text-sm text-muted-foreground">{m.choices.about}</p>
          <ChoiceList key={userId} userId={userId} />
        </div>
      )}
    </>
  )
}
