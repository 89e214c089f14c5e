import { useEffect, useRef, useState, type RefObject } from 'react'
import { useLocation } from 'react-router'

/**
 * Moves the focus to the content when another page opens, and reads its title to those who do not see it.
 *
 * A browser does both when it loads a document; here pages change without one.
 */
export function PageAnnouncer({ content }: { content: RefObject<HTMLElement> }) {
  const { pathname, search } = useLocation()
  // The same search in another order, narrowed or further on leaves the focus where it is.
  const page = `${pathname} ${new URLSearchParams(search).get('query') ?? ''}`
  const opened = useRef(page)
  const [title, setTitle] = useState('')

  useEffect(() => {
    if (page === opened.current) return
    opened.current = page
    content.current?.focus({ preventScroll: true })
  }, [page, content])

  useEffect(() => {
    const observer = new MutationObserver(() => {
      setTitle(document.title)
    })
    observer.observe(document.head, { childList: true, characterData: true, subtree: true })
    return () => {
      observer.disconnect()
    }
  }, [])

  return (
    <p role="status" className="sr-only">
      {title}
    </p>
  )
}
