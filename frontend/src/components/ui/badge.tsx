import { cva, type VariantProps } from 'class-variance-authority'
import { clsx } from 'clsx'
import type { ComponentProps } from 'react'

const badgeVariants = cva('inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-semibold', {
  variants: {
    variant: {
      coupon: 'bg-card text-coupon ring-1 ring-coupon/25',
      muted: 'bg-muted text-muted-foreground',
      accent: 'bg-accent text-accent-foreground',
    },
  },
  defaultVariants: { variant: 'muted' },
})

export function Badge({ className, variant, ...props }: ComponentProps<'span'> & VariantProps<typeof badgeVariants>) {
  return <span className={clsx(badgeVariants({ variant }), className)} {...props} />
}
