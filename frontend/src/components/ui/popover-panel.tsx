import * as Primitive from '@radix-ui/react-popover'
import { clsx } from 'clsx'
import type { PopoverPanelProps } from './popover'
import { portalContainer } from './portal-container'

/** A button and its panel, which opens beside it. */
export function PopoverPanel({ button, isOpen, onOpenChange, className, children, ...props }: PopoverPanelProps) {
  return (
    <Primitive.Root open={isOpen} onOpenChange={onOpenChange}>
      <Primitive.Trigger asChild>{button}</Primitive.Trigger>
      <Primitive.Portal container={portalContainer()}>
        <Primitive.Content
          sideOffset={6}
          collisionPadding={12}
          className={clsx('z-50 max-w-72 animate-rise rounded-xl border bg-card p-3 text-sm shadow-lg', className)}
          {...props}
        >
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}
