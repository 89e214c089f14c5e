import { useId, type ReactNode } from 'react'
import type { PreviewedPage } from '../api/preview'
import { compare } from '../differences'
import { useWords, type Words } from '../words/use-words'
import { ProductImage } from '@/components/product-image'
import { Badge } from '@/components/ui/badge'
import { useReasonWords } from '@/i18n/use-reason-words'

interface PreviewColumnProps {
  title: string
  page: PreviewedPage
  /** The page as it is, for what differs; absent where this is it. */
  now?: PreviewedPage
}

/** One homepage, slot by slot, with what differs from the page as it is. */
export function PreviewColumn({ title, page, now }: PreviewColumnProps) {
  const w = useWords().preview
  const differences = now && compare(page, now)
  return (
    <Column title={title}>
      <p className="text-sm text-muted-foreground">
        {differences?.isSame ? w.same : w.version(page.model_version || '–')}
      </p>
      <ol className="flex flex-col gap-2">
        {page.recommendations.map((product, index) => (
          <PreviewRow
            key={product.product_id}
            product={product}
            slot={index + 1}
            slotNow={differences ? differences.slots.get(String(product.product_id)) : index + 1}
          />
        ))}
      </ol>
      {differences && differences.gone.length > 0 && (
        <p className="text-sm">
          <span className="font-medium">{w.gone}</span> <bdi>{differences.gone.join(' · ')}</bdi>
        </p>
      )}
      {page.held_back.length > 0 && <HeldBack products={page.held_back} />}
    </Column>
  )
}

/** A column under its title. */
export function Column({ title, children }: { title: string; children: ReactNode }) {
  const id = useId()
  return (
    <section aria-labelledby={id} className="flex min-w-0 flex-col gap-3">
      <h3 id={id} className="text-lg font-semibold">
        {title}
      </h3>
      {children}
    </section>
  )
}

interface PreviewRowProps {
  product: PreviewedPage['recommendations'][number]
  slot: number
  /** Its slot on the page as it is; nothing where it is not there. */
  slotNow: number | undefined
}

function PreviewRow({ product, slot, slotNow }: PreviewRowProps) {
  const w = useWords()
  const reason = useReasonWords(product.reason, product.category_id)
  return (
    <li className="flex gap-3 rounded-card border bg-card p-3">
      <span className="w-6 shrink-0 text-end text-sm text-muted-foreground tabular-nums">{slot}</span>
      <ProductImage url={product.image_url} size={64} className="size-16 shrink-0 rounded-lg" />
      <div className="flex min-w-0 flex-col gap-1">
        <p dir="auto" className="text-sm font-medium break-words">
          {product.title}
        </p>
        <p className="text-sm text-muted-foreground">{reason}</p>
        <p className="flex flex-wrap gap-1 empty:hidden">
          {slotNow === undefined && <Badge variant="accent">{w.preview.isNew}</Badge>}
          {slotNow !== undefined && slotNow !== slot && <Badge>{w.preview.was(slotNow)}</Badge>}
          <RuleBadges rules={product.rules} />
        </p>
      </div>
    </li>
  )
}

/** What rules hide or cap of the page, and where it would stand without them. */
function HeldBack({ products }: { products: PreviewedPage['held_back'] }) {
  const w = useWords().preview
  const id = useId()
  return (
    <section aria-labelledby={id} className="flex flex-col gap-2">
      <h4 id={id} className="text-sm font-medium">
        {w.heldBack}
      </h4>
      <ul className="flex flex-col gap-2">
        {products.map((product) => (
          <li key={product.product_id} className="flex flex-col gap-1 rounded-card border border-dashed p-3 text-sm">
            <bdi className="break-words">{product.title}</bdi>
            <p className="flex flex-wrap gap-1">
              <RuleBadges rules={product.rules} />
              <Badge>{w.wouldBe(product.slot)}</Badge>
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface RuleBadgesProps {
  rules: { rule_id: number; action: keyof Words['actions'] }[]
}

function RuleBadges({ rules }: RuleBadgesProps) {
  const w = useWords()
  return rules.map(({ rule_id, action }) => (
    <Badge key={rule_id} variant="accent">
      {w.actions[action]} · {rule_id === 0 ? w.preview.thisRule : w.ruleNumber(rule_id)}
    </Badge>
  ))
}
