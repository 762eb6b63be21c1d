// Delays all data by latency ± jitter, milliseconds. The end of the stream follows the data at once, as in Toxiproxy.

import { delaying } from './delaying.ts'
import type { ToxicKind } from './toxic.ts'

/** Room for the bandwidth-delay product of 80 MB/s over 100 ms; beyond it the sender is held back. */
const limitBytes = 8 * 1024 * 1024

export const latency: ToxicKind<{ latency: number; jitter: number }> = {
  defaults: { latency: 0, jitter: 0 },
  pipe: (stub, initial) => delaying(stub, initial, limitBytes, (line, { latency: latencyMs, jitter }, chunk, arrivedUs) => {
    const jitterMs = jitter > 0 ? (stub.random.next() * 2 - 1) * jitter : 0
    line.put(chunk, arrivedUs, arrivedUs + Math.max(0, latencyMs + jitterMs) * 1000)
  }),
}
