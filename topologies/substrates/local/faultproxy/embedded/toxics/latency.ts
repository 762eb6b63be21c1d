// Delays all data by latency ± jitter, milliseconds. The end of the stream follows the data at once, as in Toxiproxy.

import { createDelayLine } from '../delay-line.ts'
import type { ToxicKind } from './toxic.ts'

/** Room for the bandwidth-delay product of 80 MB/s over 100 ms; beyond it the sender is held back. */
const limitBytes = 8 * 1024 * 1024

export const latency: ToxicKind<{ latency: number; jitter: number }> = {
  defaults: { latency: 0, jitter: 0 },
  pipe(stub, initial) {
    let attributes = initial
    const line = createDelayLine(stub.alarms, stub.emit, stub.finish)
    const put = (chunk: Buffer, arrivedUs: number): void => {
      const jitterMs = attributes.jitter > 0 ? (stub.random.next() * 2 - 1) * attributes.jitter : 0
      line.put(chunk, arrivedUs, arrivedUs + Math.max(0, attributes.latency + jitterMs) * 1000)
    }
    return {
      get held() { return line.held },
      limit: limitBytes,
      push: (chunk) => put(chunk, stub.alarms.clock.nowUs()),
      end: () => line.end(),
      update(next) {
        attributes = next
        for (const { chunk, arrivedUs } of line.take()) put(chunk, arrivedUs)
      },
      release: () => line.flush(),
      discard: () => line.discard(),
    }
  },
}
