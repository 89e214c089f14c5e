import { Button } from './ui/button'
import { localeStore, type Locale } from '@/i18n/locale-store'
import { useMessages } from '@/i18n/use-messages'

const NAMES: Record<Locale, string> = { ko: '한국어', en: 'EN' }

/** Offers the other language, in its own letters. */
export function LanguageSwitch() {
  const m = useMessages()
  const other: Locale = localeStore.use() === 'ko' ? 'en' : 'ko'
  return (
    <Button
      variant="ghost"
      size="small"
      className="max-sm:px-1.5!"
      aria-label={`${m.shop.language}: ${NAMES[other]}`}
      onClick={() => {
        localeStore.set(other)
      }}
    >
      <span lang={other}>{NAMES[other]}</span>
    </Button>
  )
}
