import type { ComponentProps } from 'react'
import { cn } from '@/lib/cn'

/** Holds the place of what is still loading, at its final size. */
export function Skeleton({ className, ...props }: ComponentProps<'div'>) {
  return <div aria-hidden className={cn('animate-pulse rounded-md bg-muted', className)} {...props} />
}
