import { Search } from 'lucide-react'
import { useId, type FormEvent } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { useMessages } from '@/i18n/use-messages'

/** Looks for words in the titles of products. */
export function SearchBox() {
  const m = useMessages()
  const id = useId()
  const navigate = useNavigate()
  const [params] = useSearchParams()
  const query = params.get('query') ?? ''

  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const words = new FormData(event.currentTarget).get('query')
    if (typeof words === 'string' && words.trim())
      void navigate(`/search?${new URLSearchParams({ query: words.trim() })}`)
  }
  return (
    <form role="search" onSubmit={search} className="relative w-full">
      <label htmlFor={id} className="sr-only">
        {m.navigation.search}
      </label>
      <input
        key={query}
        id={id}
        type="search"
        name="query"
        defaultValue={query}
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
    </form>
  )
}
