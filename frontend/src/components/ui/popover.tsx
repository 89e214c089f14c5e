import { Slot } from '@radix-ui/react-slot'
import { lazy, Suspense, useState, type ReactElement, type ReactNode } from 'react'
import { loadPart } from '@/lib/load-part'

interface PopoverProps {
  button: ReactElement
  /** What the panel is called. */
  'aria-label': string
  align?: 'start' | 'center' | 'end'
  className?: string
  /** What stands in the panel. */
  children: ReactNode
}

export interface PopoverPanelProps extends PopoverProps {
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
}

/** It is heavy, and not needed for the first sight of the page. */
const PopoverPanel = lazy(async () => ({
  default: (await loadPart(() => import('./popover-panel'))).PopoverPanel,
}))

/** A button that opens a panel. The button is there at once; pressed before the panel's code has come, it opens it then. */
export function Popover(props: PopoverProps) {
  const [isOpen, setIsOpen] = useState(false)
  const open = () => {
    setIsOpen(true)
  }
  return (
    <Suspense fallback={<Slot onClick={open}>{props.button}</Slot>}>
      <PopoverPanel {...props} isOpen={isOpen} onOpenChange={setIsOpen} />
    </Suspense>
  )
}
