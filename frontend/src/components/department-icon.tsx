import { useState } from 'react'
import type { Department } from '@/api/get-storefront'
import { useLocalized } from '@/i18n/use-localized'
import { imageSrc } from '@/lib/image-src'

interface DepartmentIconProps {
  department: Department
  /** Of each side, in pixels. */
  size: number
}

/** The picture that stands for a department; the first letter of its name where none fits, or none arrives. */
export function DepartmentIcon({ department, size }: DepartmentIconProps) {
  const localized = useLocalized()
  const [isBroken, setIsBroken] = useState(false)
  if (department.icon_url !== null && !isBroken)
    return (
      <img
        src={imageSrc(department.icon_url)}
        alt=""
        width={size}
        height={size}
        style={{ width: size, height: size }}
        className="object-contain"
        onError={() => {
          setIsBroken(true)
        }}
      />
    )
  return (
    <span
      aria-hidden
      style={{ width: size, height: size, fontSize: size * 0.6 }}
      className="grid shrink-0 place-items-center rounded-full bg-accent leading-none font-bold text-accent-foreground"
    >
      {Array.from(localized(department.name))[0]?.toUpperCase()}
    </span>
  )
}
