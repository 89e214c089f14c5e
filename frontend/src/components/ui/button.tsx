import { Slot } from '@radix-ui/react-slot'
import { cva, type VariantProps } from 'class-variance-authority'
import { clsx } from 'clsx'
import { forwardRef, type ComponentPropsWithoutRef } from 'react'

const buttonVariants = cva(
  'inline-flex shrink-0 items-center justify-center gap-2 rounded-full font-medium whitespace-nowrap transition-colors ' +
    'disabled:pointer-events-none disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary: 'bg-primary text-primary-foreground hover:bg-primary/90',
        outline: 'border bg-card hover:bg-muted',
        ghost: 'hover:bg-muted',
        floating: 'bg-card/80 shadow-sm backdrop-blur hover:bg-card',
      },
      size: {
        small: 'h-9 px-3 text-sm',
        medium: 'h-11 px-5 text-sm',
        large: 'h-12 px-7 text-base',
        icon: 'size-10',
      },
    },
    defaultVariants: { variant: 'primary', size: 'medium' },
  },
)

interface ButtonProps extends ComponentPropsWithoutRef<'button'>, VariantProps<typeof buttonVariants> {
  /** Dress the only child (a link, say) as a button. */
  asChild?: boolean
}

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  { className, variant, size, asChild = false, ...props },
  ref,
) {
  const Element = asChild ? Slot : 'button'
  const type = asChild ? undefined : 'button'
  return <Element ref={ref} type={type} className={clsx(buttonVariants({ variant, size }), className)} {...props} />
})
