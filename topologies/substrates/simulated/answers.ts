// A response on its way, as one integer: status, who made it, and whose service answered.

/** Reasons that a gateway gives for an answer of its own; 0 = a service's answer. Index into this list. */
export const answerReasons = ['', 'RGT_RESIDENCY', 'RGT_NO_HEALTHY_TARGET', 'RGT_UPSTREAM_TIMEOUT', 'RGT_UPSTREAM_FAILED', 'RGT_CAPACITY', 'RGT_NO_ROUTE', 'RGT_NOT_READY', 'RGT_ACCESS_DENIED'] as const

/** Throws RangeError for a reason that no gateway of the simulation gives. */
export function reasonIndex(code: string): number {
  const index = (answerReasons as readonly string[]).indexOf(code)
  if (index === -1) throw new RangeError(`no simulated gateway answers ${code}`)
  return index
}

/** `reason`: index into answerReasons. `region`: index + 1 of the region whose service answered, 0 = none. */
export function packAnswer(status: number, reason: number, region: number): number {
  return status | (reason << 10) | (region << 14)
}

export const statusOf = (answer: number): number => answer & 1023
export const reasonOf = (answer: number): number => (answer >> 10) & 15
export const regionOf = (answer: number): number => answer >> 14
