// Lets `rate` kilobytes (1,000 bytes) a second through; 0 = nothing, until the toxic is changed or removed.
// Data goes in pieces of at most 100 ms worth, so that a slow link trickles instead of stuttering.

import { createDelayLine } from '../delay-line.ts'
import type { ToxicKind } from './toxic.ts'

/** A socket buffer's worth: behind it, the throttle must be felt by the sender. */
const limitBytes = 64 * 1024
const neverUs = Number.MAX_SAFE_INTEGER

export const bandwidth: ToxicKind<{ rate: number }> = {
  defaults: { rate: 0 },
  pipe(stub, initial) {
    let attributes = initial
    const line = createDelayLine(stub.alarms, stub.emit, stub.finish)
    const put = (chunk: Buffer, arrivedUs: number): void => {
      if (attributes.rate <= 0) return line.put(chunk, arrivedUs, neverUs)
      const pieceBytes = attributes.rate * 100
      for (let from = 0; from < chunk.length; from += pieceBytes) {
        const piece = chunk.subarray(from, from + pieceBytes)
        const freeUs = Math.max(line.lastDueUs, stub.alarms.clock.nowUs())
        line.put(piece, arrivedUs, freeUs + (piece.length * 1000) / attributes.rate)
      }
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
