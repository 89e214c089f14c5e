import { useState } from 'react'
import { Link } from 'react-router'
import { useStorefront } from '@/api/get-storefront'
import { Skeleton } from '@/components/ui/skeleton'
import { useMessages } from '@/i18n/use-messages'
import { useShopName } from '@/i18n/use-shop-name'
import { imageSrc } from '@/lib/image-src'

/** The shop's logo, or its name, which leads home. */
export function Brand() {
  const m = useMessages()
  const name = useShopName()
  const logo = useStorefront()?.logo_url
  const [isBroken, setIsBroken] = useState(false)
  return (
    <Link
      to="/"
      aria-label={name === undefined ? m.navigation.home : `${name}, ${m.navigation.home}`}
      className="max-w-24 min-w-14 truncate text-xl font-black tracking-tighter text-primary sm:max-w-60 sm:text-2xl"
    >
      {name === undefined ? (
        <Skeleton className="h-8 w-14 rounded-md" />
      ) : logo && !isBroken ? (
        <img
          src={imageSrc(logo)}
          alt=""
          className="h-9 w-auto max-w-full object-contain"
          onError={() => {
            setIsBroken(true)
          }}
        />
      ) : (
        <bdi>{name}</bdi>
      )}
    </Link>
  )
}
