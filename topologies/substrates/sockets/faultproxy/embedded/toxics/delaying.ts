// What toxics that only delay have in common: data waits in a line until it is due, and a change of the toxic
// schedules anew what still waits. When each chunk is due is all that differs.

import { createDelayLine } from '../delay-line.ts'
import type { Pipe, Stub } from './toxic.ts'

export type DelayLine = ReturnType<typeof createDelayLine>

/** `schedule` puts one chunk into the line, in one piece or several. Times are microseconds of the stub's clock. */
export function delaying<Attributes>(
  stub: Stub, initial: Attributes, limit: number,
  schedule: (line: DelayLine, attributes: Attributes, chunk: Buffer, arrivedUs: number) => void,
): Pipe<Attributes> {
  let attributes = initial
  const line = createDelayLine(stub.alarms, stub.emit, stub.finish)
  return {
    get held() { return line.held },
    limit,
    push: (chunk) => schedule(line, attributes, chunk, stub.alarms.clock.nowUs()),
    end: () => line.end(),
    update(next) {
      attributes = next
      for (const { chunk, arrivedUs } of line.take()) schedule(line, attributes, chunk, arrivedUs)
    },
    release: () => line.flush(),
    discard: () => line.discard(),
  }
}
