import * as Primitive from '@radix-ui/react-dropdown-menu'
import { clsx } from 'clsx'
import { Check } from 'lucide-react'
import type { ComponentProps } from 'react'
import { portalContainer } from './portal-container'

export const DropdownMenu = Primitive.Root
export const DropdownMenuTrigger = Primitive.Trigger
export const DropdownMenuRadioGroup = Primitive.RadioGroup

export function DropdownMenuContent({ className, sideOffset = 6, ...props }: ComponentProps<typeof Primitive.Content>) {
  return (
    <Primitive.Portal container={portalContainer()}>
      <Primitive.Content
        sideOffset={sideOffset}
        collisionPadding={12}
        className={clsx(
          'z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-56 animate-rise overflow-y-auto rounded-xl ' +
            'border bg-card p-1.5 shadow-lg',
          className,
        )}
        {...props}
      />
    </Primitive.Portal>
  )
}

export function DropdownMenuLabel({ className, ...props }: ComponentProps<typeof Primitive.Label>) {
  return <Primitive.Label className={clsx('px-2.5 py-1.5 text-xs text-muted-foreground', className)} {...props} />
}

export function DropdownMenuItem({ className, ...props }: ComponentProps<typeof Primitive.Item>) {
  return (
    <Primitive.Item
      className={clsx(
        'flex cursor-pointer items-center gap-2.5 rounded-lg px-2.5 py-2 text-sm outline-none data-highlighted:bg-muted ' +
          '[&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted-foreground',
        className,
      )}
      {...props}
    />
  )
}

export function DropdownMenuRadioItem({ className, children, ...props }: ComponentProps<typeof Primitive.RadioItem>) {
  return (
    <Primitive.RadioItem
      className={clsx(
        'flex cursor-pointer items-center gap-2 rounded-lg py-2 pe-2.5 ps-8 text-sm outline-none ' +
          'data-highlighted:bg-muted relative',
        className,
      )}
      {...props}
    >
      <Primitive.ItemIndicator className="absolute start-2.5">
        <Check className="size-4 text-primary" />
      </Primitive.ItemIndicator>
      {children}
    </Primitive.RadioItem>
  )
}
