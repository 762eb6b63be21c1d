// Cuts data into pieces of `average_size` ± `size_variation` bytes, `delay` microseconds apart.

import type { Random } from '../../../../../../gateway/ports.ts'
import { createDelayLine } from '../delay-line.ts'
import type { ToxicKind } from './toxic.ts'

const limitBytes = 64 * 1024

type Attributes = { average_size: number; size_variation: number; delay: number }

/** Offsets at which to cut, halving until a piece is small enough (Toxiproxy's `SlicerToxic.chunk`). */
function cuts(start: number, end: number, { average_size: size, size_variation: variation }: Attributes, random: Random): number[] {
  if (end - start <= 1 || end - start - size <= variation) return [end]
  const shift = variation > 0 ? Math.floor((random.next() * 2 - 1) * variation) : 0
  const middle = Math.min(end - 1, Math.max(start + 1, start + ((end - start) >> 1) + shift))
  const attributes = { average_size: size, size_variation: variation, delay: 0 }
  return [...cuts(start, middle, attributes, random), ...cuts(middle, end, attributes, random)]
}

export const slicer: ToxicKind<Attributes> = {
  defaults: { average_size: 0, size_variation: 0, delay: 0 },
  pipe(stub, initial) {
    let attributes = initial
    const line = createDelayLine(stub.alarms, stub.emit, stub.finish)
    return {
      get held() { return line.held },
      limit: limitBytes,
      push(chunk) {
        const nowUs = stub.alarms.clock.nowUs()
        let from = 0
        for (const to of cuts(0, chunk.length, attributes, stub.random)) {
          line.put(chunk.subarray(from, to), nowUs, Math.max(line.lastDueUs + attributes.delay, nowUs))
          from = to
        }
      },
      end: () => line.end(),
      update(next) { attributes = next },
      release: () => line.flush(),
      discard: () => line.discard(),
    }
  },
}
