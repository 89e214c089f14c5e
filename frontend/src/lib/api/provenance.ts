/** Where an answer comes from, as its headers say. It goes back to the API with every event about its products. */
export interface Provenance {
  requestId: string
  batchId: string | null
  modelVersion: string | null
  rung: string | null
  arm: string | null
  batchAgeSeconds: number | null
}

export function readProvenance(headers: Headers): Provenance {
  const age = headers.get('X-Batch-Age-Seconds')
  return {
    requestId: headers.get('X-Request-Id') ?? 'unknown',
    batchId: headers.get('X-Batch-Id'),
    modelVersion: headers.get('X-Model-Version'),
    rung: headers.get('X-Rung'),
    arm: headers.get('X-Arm'),
    batchAgeSeconds: age === null ? null : Number(age),
  }
}
