import { clsx } from 'clsx'
import type { ComponentProps } from 'react'

/** Holds the place of what is still loading, at its final size. */
export function Skeleton({ className, ...props }: ComponentProps<'div'>) {
  return <div aria-hidden className={clsx('animate-pulse bg-muted', className)} {...props} />
}
