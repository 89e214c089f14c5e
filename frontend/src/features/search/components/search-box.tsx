import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { useDeferredValue, useId, useState, type FormEvent, type KeyboardEvent } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { suggestionsQuery, type Suggestion } from '../api/get-suggestions'
import { readSearch, toSearchPath } from '../search-address'
import { SuggestionList } from './suggestion-list'
import { useMessages } from '@/i18n/use-messages'
import { toCategoryPath, toProductPath } from '@/lib/shop-id'

const NONE = -1

/** Looks for words, and completes them while they are typed: a combobox with a list, as ARIA describes it. */
export function SearchBox() {
  const [params] = useSearchParams()
  const { query } = readSearch(params)
  return <SearchForm key={query} query={query} />
}

function SearchForm({ query }: { query: string }) {
  const m = useMessages()
  const id = useId()
  const navigate = useNavigate()
  const [typed, setTyped] = useState(query)
  const [isOpen, setIsOpen] = useState(false)
  const [active, setActive] = useState(NONE)
  const asked = useDeferredValue(isOpen ? typed.trim() : '')
  const suggestions = useQuery(suggestionsQuery(asked)).data ?? []
  const isShown = isOpen && suggestions.length > 0
  const chosen = isShown ? suggestions[active] : undefined

  const close = () => {
    setIsOpen(false)
    setActive(NONE)
  }
  const open = (suggestion: Suggestion) => {
    close()
    setTyped(suggestion.text)
    void navigate(toPath(suggestion))
  }
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (chosen) open(chosen)
    else if (typed.trim()) {
      close()
      void navigate(toSearchPath({ query: typed.trim() }))
    }
  }
  const move = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape' && isShown) {
      event.preventDefault()
      close()
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    event.preventDefault()
    setIsOpen(true)
    const places = suggestions.length + 1 // the box itself is one of them
    if (isShown) setActive(((active + 1 + (event.key === 'ArrowDown' ? 1 : places - 1)) % places) - 1)
  }
  return (
    <form role="search" onSubmit={search} className="relative w-full">
      <label htmlFor={id} className="sr-only">
        {m.navigation.search}
      </label>
      <input
        id={id}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-activedescendant={chosen && `${id}-${active}`}
        type="text"
        inputMode="search"
        enterKeyHint="search"
        name="query"
        autoComplete="off"
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value)
          setIsOpen(true)
          setActive(NONE)
        }}
        onKeyDown={move}
        onBlur={close}
        maxLength={100}
        placeholder={m.navigation.searchPlaceholder}
        className="h-11 w-full rounded-full border bg-muted pe-12 ps-5 text-sm placeholder:text-muted-foreground focus:bg-card"
      />
      <button
        type="submit"
        aria-label={m.navigation.search}
        className="absolute inset-y-1 end-1 grid w-10 place-items-center rounded-full bg-primary text-primary-foreground hover:bg-primary/90"
      >
        <Search aria-hidden className="size-4" />
      </button>
      <SuggestionList id={id} suggestions={isShown ? suggestions : []} active={active} onChoose={open} />
      <p role="status" className="sr-only">
        {isShown ? m.search.suggestions(suggestions.length) : ''}
      </p>
    </form>
  )
}

/** Departments and products are opened, words are searched. */
function toPath({ text, category_id: categoryId, product_id: productId }: Suggestion): string {
  if (categoryId !== null) return toCategoryPath(categoryId)
  return productId === null ? toSearchPath({ query: text }) : toProductPath(productId)
}
