import { Button } from './ui/button'
import { localeStore, type Locale } from '@/i18n/locale-store'
import { useMessages } from '@/i18n/use-messages'

const NAMES: Record<Locale, string> = { ko: '한국어', en: 'English' }

/** Offers the other language, in its own words. */
export function LanguageSwitch() {
  const m = useMessages()
  const other: Locale = localeStore.use() === 'ko' ? 'en' : 'ko'
  return (
    <Button
      variant="ghost"
      size="small"
      aria-label={`${m.shop.language}: ${NAMES[other]}`}
      onClick={() => {
        localeStore.set(other)
      }}
    >
      <span lang={other}>{other === 'ko' ? '한국어' : 'EN'}</span>
    </Button>
  )
}
