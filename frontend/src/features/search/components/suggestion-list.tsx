import { clsx } from 'clsx'
import type { Suggestion } from '../api/get-suggestions'
import { useMessages } from '@/i18n/use-messages'

interface SuggestionListProps {
  /** Of the box that it belongs to. */
  id: string
  suggestions: Suggestion[]
  active: number
  onChoose: (suggestion: Suggestion) => void
}

/** What may be meant, below the box. The focus stays in the box, which names the active line. */
export function SuggestionList({ id, suggestions, active, onChoose }: SuggestionListProps) {
  const m = useMessages()
  return (
    <div
      id={`${id}-list`}
      role="listbox"
      aria-label={m.search.suggested}
      hidden={suggestions.length === 0}
      className="absolute inset-x-0 top-full z-40 mt-1.5 animate-rise overflow-hidden rounded-xl border bg-card py-1.5 text-sm shadow-lg"
    >
      {suggestions.map((suggestion, place) => (
        // Keys are the box's: the focus never leaves it.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={`${suggestion.kind} ${suggestion.text}`}
          id={`${id}-${place}`}
          role="option"
          aria-selected={place === active}
          tabIndex={-1}
          onMouseDown={(event) => {
            event.preventDefault()
          }}
          onClick={() => {
            onChoose(suggestion)
          }}
          className={clsx(
            'flex cursor-pointer items-baseline justify-between gap-3 px-5 py-2',
            place === active ? 'bg-accent text-accent-foreground' : 'hover:bg-muted',
          )}
        >
          <bdi className="truncate">{suggestion.text}</bdi>
          <span className="shrink-0 text-xs text-muted-foreground">{m.search.kinds[suggestion.kind]}</span>
        </div>
      ))}
    </div>
  )
}
