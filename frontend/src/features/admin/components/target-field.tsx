import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Writing } from '../draft'
import { useWords } from '../words/use-words'
import { Field } from './field'
import { useStorefront } from '@/api/get-storefront'
import { useLocalized } from '@/i18n/use-localized'
import { api, unpack } from '@/lib/api/client'
import { isSameId } from '@/lib/shop-id'

interface TargetFieldProps {
  writing: Writing
  onChange: (change: Partial<Writing>) => void
}

/** What a rule speaks of, by its kind: a search for a product, a list of departments, or a text. */
export function TargetField({ writing, onChange }: TargetFieldProps) {
  const w = useWords()
  const localized = useLocalized()
  const departments = useStorefront()?.departments ?? []
  if (writing.kind === 'product' || writing.kind === 'family')
    return <ProductSearch writing={writing} onChange={onChange} />
  if (writing.kind === 'category')
    return (
      <Field label={w.category}>
        {(props) => (
          <select
            {...props}
            required
            value={String(writing.target)}
            onChange={(event) => {
              const found = departments.find((each) => isSameId(each.category_id, event.target.value))
              onChange({ target: found?.category_id ?? '', name: found ? localized(found.name) : '' })
            }}
          >
            <option value="" />
            {departments.map((each) => (
              <option key={each.category_id} value={String(each.category_id)}>
                {localized(each.name)}
              </option>
            ))}
          </select>
        )}
      </Field>
    )
  return (
    <Field label={writing.kind === 'brand' ? w.brand : w.productType}>
      {(props) => (
        <input
          {...props}
          required
          maxLength={200}
          value={String(writing.target)}
          onChange={(event) => {
            onChange({ target: event.target.value, name: event.target.value })
          }}
        />
      )}
    </Field>
  )
}

function ProductSearch({ writing, onChange }: TargetFieldProps) {
  const w = useWords()
  const [typed, setTyped] = useState('')
  const query = typed.trim()
  const { data: products = [] } = useQuery({
    queryKey: ['admin', 'search', query],
    queryFn: async ({ signal }) =>
      (
        await unpack(
          api.GET('/catalogue/search', { params: { query: { query, limit: 8, with_variants: true } }, signal }),
        )
      ).data.products,
    enabled: query.length > 1,
  })
  return (
    <div className="flex flex-col gap-2">
      <Field label={w.findProduct} hint={writing.target === '' ? w.noProduct : `${w.chosen}: ${writing.name}`}>
        {(props) => (
          <input
            {...props}
            type="search"
            autoComplete="off"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value)
            }}
          />
        )}
      </Field>
      <ul className="flex flex-col">
        {products.map((each) => (
          <li key={each.product_id}>
            <button
              type="button"
              className="w-full rounded-lg px-3 py-2 text-start text-sm hover:bg-muted"
              onClick={() => {
                onChange({ target: each.product_id, name: each.title })
                setTyped('')
              }}
            >
              <bdi>{each.title}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
