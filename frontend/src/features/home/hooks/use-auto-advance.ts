import { useEffect, useState, type DOMAttributes } from 'react'
import { REDUCED_MOTION, useMedia } from '@/lib/use-media'

export const ADVANCE_MS = 3_000

interface AutoAdvance {
  /** Whether slides turn by themselves right now. */
  isTurning: boolean
  /** Whether they may: the visitor's own choice, else whether the device asks for less motion. */
  isPlaying: boolean
  setIsPlaying: (isPlaying: boolean) => void
  /** Handlers for the element that pauses them while the pointer or the focus is in it. */
  pausing: DOMAttributes<HTMLElement>
}

/** Calls `advance` every three seconds; `turn` starts the three seconds anew. Rests while somebody looks closer. */
export function useAutoAdvance(advance: () => void, turn: number): AutoAdvance {
  const prefersStill = useMedia(REDUCED_MOTION)
  const [chosen, setIsPlaying] = useState<boolean>()
  const isPlaying = chosen ?? !prefersStill
  const [isHovered, setIsHovered] = useState(false)
  const [isFocused, setIsFocused] = useState(false)
  const isTurning = isPlaying && !isHovered && !isFocused

  useEffect(() => {
    if (!isTurning) return
    const timer = setTimeout(advance, ADVANCE_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [isTurning, advance, turn])

  return {
    isTurning,
    isPlaying,
    setIsPlaying,
    pausing: {
      onPointerEnter: () => {
        setIsHovered(true)
      },
      onPointerLeave: () => {
        setIsHovered(false)
      },
      onFocus: () => {
        setIsFocused(true)
      },
      onBlur: (event) => {
        setIsFocused(event.currentTarget.contains(event.relatedTarget))
      },
    },
  }
}
