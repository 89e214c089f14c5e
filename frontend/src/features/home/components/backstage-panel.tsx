import { Activity } from 'lucide-react'
import { Button } from '@/components/ui/button'
import { Popover } from '@/components/ui/popover'
import { useMessages } from '@/i18n/use-messages'
import type { Provenance } from '@/lib/api/provenance'
import { useFormats } from '@/lib/format'

interface BackstagePanelProps {
  provenance: Provenance
  latencyMs: number
  mayChoose: boolean
}

/** Where the page comes from, for those who want to see the platform at work. */
export function BackstagePanel({ provenance, latencyMs, mayChoose }: BackstagePanelProps) {
  const m = useMessages()
  const formats = useFormats()
  const { modelVersion, batchId, rung, arm, batchAgeSeconds, requestId } = provenance
  const rows = [
    [m.backstage.modelVersion, modelVersion],
    [m.backstage.rung, rung?.replaceAll(',', ' → ')],
    [m.backstage.batch, batchId],
    [m.backstage.arm, arm],
    [m.backstage.age, batchAgeSeconds === null ? null : formats.age(batchAgeSeconds)],
    [m.backstage.latency, m.backstage.milliseconds(latencyMs)],
    [m.backstage.requestId, requestId],
  ].filter(([, value]) => value !== null)
  return (
    <Popover
      align="end"
      aria-label={m.backstage.open}
      className="w-72"
      button={
        <Button variant="outline" size="small">
          <Activity aria-hidden />
          {m.backstage.open}
          <span className="text-muted-foreground tabular-nums">{m.backstage.milliseconds(latencyMs)}</span>
        </Button>
      }
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1.5">
        {rows.map(([term, value]) => (
          <div key={term} className="contents">
            <dt className="text-muted-foreground">{term}</dt>
            <dd className="text-end font-mono text-xs leading-5 break-all">{value}</dd>
          </div>
        ))}
      </dl>
      {!mayChoose && <p className="mt-3 border-t pt-3 text-xs text-muted-foreground">{m.backstage.signedOut}</p>}
    </Popover>
  )
}
