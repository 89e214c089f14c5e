import { useQuery } from '@tanstack/react-query'
import { choicesQuery, useUndoChoice } from '../api/choices'
import { useChoiceWords } from '../use-choice-words'
import { ErrorNotice } from '@/components/error-notice'
import { Notice } from '@/components/notice'
import { ProductImage } from '@/components/product-image'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { useFormats } from '@/lib/format'
import { type ShopId } from '@/lib/shop-id'

/** All that a shopper chose about their recommendations, each with the way back. */
export function ChoiceList({ userId }: { userId: ShopId }) {
  const m = useMessages()
  const { data, error, refetch } = useQuery(choicesQuery(userId))
  if (!data) {
    return error ? (
      <ErrorNotice error={error} onRetry={() => void refetch()} />
    ) : (
      <Skeleton role="status" aria-label={m.shop.loading} className="h-44 rounded-card" />
    )
  }
  if (data.length === 0) return <Notice title={m.choices.empty} />
  return (
    <ul aria-label={m.choices.title} className="flex flex-col gap-3">
      {data.map((choice) => (
        <ChoiceRow key={choice.choice_id} choice={choice} userId={userId} />
      ))}
    </ul>
  )
}

function ChoiceRow({ choice, userId }: { choice: components['schemas']['Choice']; userId: ShopId }) {
  const m = useMessages()
  const formats = useFormats()
  const words = useChoiceWords(choice)
  const undo = useUndoChoice(userId)
  return (
    <li className="flex items-center gap-3 rounded-card border bg-card p-3 sm:gap-4">
      {choice.image_url && <ProductImage url={choice.image_url} size={56} className="size-14 shrink-0 rounded-lg" />}
      <div className="min-w-0 flex-1">
        <p dir="auto" className="line-clamp-2 text-sm font-semibold">
          {words.about}
        </p>
        <p className="text-sm text-muted-foreground">
          {words.means} · <time dateTime={choice.made_at}>{formats.day(choice.made_at)}</time>
        </p>
      </div>
      <Button
        variant="outline"
        size="small"
        disabled={undo.isPending}
        aria-label={m.choices.undoNamed(words.about)}
        onClick={() => {
          undo.mutate(choice.choice_id)
        }}
      >
        {m.choices.undo}
      </Button>
    </li>
  )
}
