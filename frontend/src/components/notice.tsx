import type { ReactNode } from 'react'
import { drawingUrl } from '@/lib/drawings'

interface NoticeProps {
  drawing?: string
  title: string
  /** Whether it stands for the whole page, whose heading it then is. */
  isPage?: boolean
  children?: ReactNode
}

/** A friendly word in the place of what is not there. */
export function Notice({ drawing = 'shopping-bags', title, isPage = false, children }: NoticeProps) {
  const Title = isPage ? 'h1' : 'p'
  return (
    <div className="flex min-h-80 flex-col items-center justify-center gap-4 rounded-card border border-dashed bg-card p-8 text-center">
      <img src={drawingUrl(drawing)} alt="" width={72} height={72} className="opacity-90" />
      <Title className="text-lg font-semibold">{title}</Title>
      {children}
    </div>
  )
}
