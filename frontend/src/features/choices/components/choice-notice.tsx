import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { Link } from 'react-router'
import { useUndoChoice } from '../api/choices'
import { justMadeStore } from '../just-made'
import { useChoiceWords } from '../use-choice-words'
import { Button } from '@/components/ui/button'
import { useMessages } from '@/i18n/use-messages'
import type { components } from '@/lib/api/schema'
import { type ShopId } from '@/lib/shop-id'
import { shopperStore, toUserId } from '@/stores/shopper'

/** Says what was just chosen, and offers to take it back, until it is closed. */
export function ChoiceNotice() {
  const made = justMadeStore.use()
  const userId = toUserId(shopperStore.use())
  const isTheirs = made !== null && made.userId === userId
  return (
    <div role="status" className="fixed inset-x-0 bottom-4 z-40 flex justify-center px-4 empty:hidden">
      {isTheirs && <Card key={made.choice.choice_id} choice={made.choice} userId={made.userId} />}
    </div>
  )
}

function Card({ choice, userId }: { choice: components['schemas']['Choice']; userId: ShopId }) {
  const m = useMessages()
  const words = useChoiceWords(choice)
  const undo = useUndoChoice(userId)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    button.current?.focus({ preventScroll: true }) // the card that had it is gone
  }, [])
  return (
    <div className="flex max-w-xl animate-rise flex-wrap items-center gap-x-3 gap-y-1 rounded-card border bg-card px-4 py-2.5 text-sm shadow-lg">
      <p className="min-w-40 flex-1">{words.done}</p>
      <Button
        ref={button}
        variant="outline"
        size="small"
        disabled={undo.isPending}
        onClick={() => {
          undo.mutate(choice.choice_id)
        }}
      >
        {m.choices.undo}
      </Button>
      <Button asChild variant="ghost" size="small">
        <Link to="/my-choices">{m.choices.all}</Link>
      </Button>
      <Button
        variant="ghost"
        size="icon"
        aria-label={m.choices.close}
        onClick={() => {
          justMadeStore.set(null)
        }}
      >
        <X aria-hidden />
      </Button>
    </div>
  )
}
