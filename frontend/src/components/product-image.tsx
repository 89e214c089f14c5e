import { clsx } from 'clsx'
import { useState } from 'react'
import { drawingUrl } from '@/lib/drawings'
import { imageSrc } from '@/lib/image-src'

interface ProductImageProps {
  url: string
  /** Empty where the title stands beside it. */
  alt?: string
  size: number
  isEager?: boolean
  className?: string
}

/** A square picture that keeps its place while it loads, and gives way to a drawing when it does not. */
export function ProductImage({ url, alt = '', size, isEager = false, className }: ProductImageProps) {
  const [isBroken, setIsBroken] = useState(false)
  return (
    <img
      src={isBroken ? drawingUrl('shopping-bags') : imageSrc(url)}
      alt={alt}
      width={size}
      height={size}
      loading={isEager ? 'eager' : 'lazy'}
      decoding="async"
      onError={() => {
        setIsBroken(true)
      }}
      className={clsx('aspect-square bg-muted object-cover', className)}
    />
  )
}
