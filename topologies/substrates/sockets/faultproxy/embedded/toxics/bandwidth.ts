// Lets `rate` kilobytes (1,000 bytes) a second through; 0 = nothing, until the toxic is changed or removed.
// Data goes in pieces of at most 100 ms worth, so that a slow link trickles instead of stuttering.

import { delaying } from './delaying.ts'
import type { ToxicKind } from './toxic.ts'

/** A socket buffer's worth: behind it, the throttle must be felt by the sender. */
const limitBytes = 64 * 1024
const neverUs = Number.MAX_SAFE_INTEGER

export const bandwidth: ToxicKind<{ rate: number }> = {
  defaults: { rate: 0 },
  pipe: (stub, initial) => delaying(stub, initial, limitBytes, (line, { rate }, chunk, arrivedUs) => {
    if (rate <= 0) return line.put(chunk, arrivedUs, neverUs)
    const pieceBytes = rate * 100
    for (let from = 0; from < chunk.length; from += pieceBytes) {
      const piece = chunk.subarray(from, from + pieceBytes)
      const freeUs = Math.max(line.lastDueUs, stub.alarms.clock.nowUs())
      line.put(piece, arrivedUs, freeUs + (piece.length * 1000) / rate)
    }
  }),
}
