import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app'

/** Puts the pages in the place of their shell. */
export function start(root: HTMLElement): void {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
