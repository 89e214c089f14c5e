import * as Primitive from '@radix-ui/react-popover'
import { clsx } from 'clsx'
import type { ComponentProps } from 'react'
import { portalContainer } from './portal-container'

export const Popover = Primitive.Root
export const PopoverTrigger = Primitive.Trigger

export function PopoverContent({ className, sideOffset = 6, ...props }: ComponentProps<typeof Primitive.Content>) {
  return (
    <Primitive.Portal container={portalContainer()}>
      <Primitive.Content
        sideOffset={sideOffset}
        collisionPadding={12}
        className={clsx('z-50 max-w-72 animate-rise rounded-xl border bg-card p-3 text-sm shadow-lg', className)}
        {...props}
      />
    </Primitive.Portal>
  )
}
