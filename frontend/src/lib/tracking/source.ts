import type { Provenance } from '../api/provenance'
import type { components } from '../api/schema'

/** The answer, and the slot in it (or on one of its shelves), that a product was met in. */
export type Source = components['schemas']['Source']

/** A shelf, and where and how likely it stood there, which the page of shelves alone says. */
export type ShelfSource = { code: string } & Partial<Pick<components['schemas']['Shelf'], 'place' | 'propensity'>>

export function toSource(provenance: Provenance, position: number | null, shelf?: ShelfSource): Source {
  return {
    request_id: provenance.requestId,
    position,
    batch_id: provenance.batchId,
    model_version: provenance.modelVersion,
    rung: provenance.rung,
    arm: provenance.arm,
    shelf: shelf?.code ?? null,
    place: shelf?.place ?? null,
    propensity: shelf?.propensity ?? null,
  }
}
