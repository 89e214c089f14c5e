import type { Provenance } from '../api/provenance'
import type { components } from '../api/schema'

/** The answer, and the slot in it (or on one of its shelves), that a product was met in. */
export type Source = components['schemas']['Source']

export function toSource(provenance: Provenance, position: number | null, shelf: string | null = null): Source {
  return {
    request_id: provenance.requestId,
    position,
    batch_id: provenance.batchId,
    model_version: provenance.modelVersion,
    rung: provenance.rung,
    arm: provenance.arm,
    shelf,
  }
}
