import { Skeleton } from '@/components/ui/skeleton'
import { useMessages } from '@/i18n/use-messages'

export function ProductViewSkeleton() {
  const m = useMessages()
  return (
    <div
      role="status"
      aria-label={m.shop.loading}
      className="grid gap-x-10 gap-y-4 md:grid-cols-[minmax(0,26rem)_minmax(0,1fr)]"
    >
      <Skeleton className="mb-3 h-5 w-60 rounded-md md:col-span-2" />
      <Skeleton className="aspect-square rounded-2xl" />
      <div className="flex flex-col gap-4">
        <Skeleton className="h-5 w-32 rounded-md" />
        <Skeleton className="h-18 w-full rounded-md" />
        <Skeleton className="h-9 w-36 rounded-md" />
        <Skeleton className="h-12 w-72 rounded-md" />
      </div>
    </div>
  )
}
