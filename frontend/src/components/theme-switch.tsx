import { Moon, Sun } from 'lucide-react'
import { Button } from './ui/button'
import { useMessages } from '@/i18n/use-messages'
import { DARK, useMedia } from '@/lib/use-media'
import { themeStore } from '@/stores/theme'

/** Turns the pages dark or light. What the device asks for anyway is no choice: the pages then follow the device. */
export function ThemeSwitch() {
  const m = useMessages()
  const system = useMedia(DARK) ? 'dark' : 'light'
  const chosen = themeStore.use()
  const other = (chosen === 'system' ? system : chosen) === 'dark' ? 'light' : 'dark'
  return (
    <Button
      variant="ghost"
      size="icon"
      className="max-sm:size-9!"
      aria-label={m.shop.themes[other]}
      onClick={() => {
        themeStore.set(other === system ? 'system' : other)
      }}
    >
      <Moon aria-hidden className="size-5! dark:hidden" />
      <Sun aria-hidden className="hidden size-5! dark:block" />
    </Button>
  )
}
