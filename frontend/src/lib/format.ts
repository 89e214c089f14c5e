import { env } from '@/config/env'
import type { Locale } from '@/i18n/locale-store'
import { localeStore } from '@/i18n/locale-store'
import { countDecimals } from '@/lib/minor-units'

const TAGS: Record<Locale, string> = { ko: 'ko-KR', en: 'en-US' }

export interface Formats {
  /** An amount in the decimals of the currency, in which it is charged. */
  price: (amount: number) => string
  /** The same with a decimal more where it is so small that two packs may look alike. */
  unitPrice: (amount: number) => string
  day: (instant: string) => string
  number: (value: number) => string
  /** A duration in its largest whole unit: `5 minutes`. */
  age: (seconds: number) => string
}

export function makeFormats(locale: Locale, currency: string): Formats {
  const tag = TAGS[locale]
  const decimals = countDecimals(currency)
  const withDecimals = (most: number) =>
    new Intl.NumberFormat(tag, {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: decimals,
      maximumFractionDigits: most,
    })
  const [price, finePrice] = [withDecimals(decimals), withDecimals(decimals + 1)]
  const day = new Intl.DateTimeFormat(tag, { dateStyle: 'long' })
  const number = new Intl.NumberFormat(tag)
  return {
    price: (amount) => price.format(amount),
    unitPrice: (amount) => (amount < 10 ** (1 - decimals) ? finePrice : price).format(amount),
    day: (instant) => day.format(new Date(instant)),
    number: (value) => number.format(value),
    age: (seconds) => formatAge(seconds, tag),
  }
}

function formatAge(seconds: number, tag: string): string {
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ] as const
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? (['second', 1] as const)
  const format = new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(Math.floor(seconds / length))
}

const FORMATS: Record<Locale, Formats> = { ko: makeFormats('ko', env.currency), en: makeFormats('en', env.currency) }

/** Prices, dates and numbers as the chosen language writes them, in the shop's currency. */
export function useFormats(): Formats {
  return FORMATS[localeStore.use()]
}
