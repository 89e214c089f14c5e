import type { ReactNode } from 'react'
import { drawingUrl } from '@/lib/drawings'

interface NoticeProps {
  drawing?: string
  title: string
  children?: ReactNode
}

/** A friendly word in the place of what is not there. */
export function Notice({ drawing = 'shopping-bags', title, children }: NoticeProps) {
  return (
    <div className="flex min-h-80 flex-col items-center justify-center gap-4 rounded-card border border-dashed bg-card p-8 text-center">
      <img src={drawingUrl(drawing)} alt="" width={72} height={72} className="opacity-90" />
      <p className="text-lg font-semibold">{title}</p>
      {children}
    </div>
  )
}
