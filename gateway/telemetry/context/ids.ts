// New ids, and the randomness by which all that see a trace agree on keeping it.

import type { Random } from '../../ports.ts'
import { TraceFlag, type TraceContext } from './context.ts'
import { hexNumber, hexWord } from './hex.ts'

/** 128 bits, each of them drawn: such a trace carries `TraceFlag.Random` (W3C trace context level 2, section 3.2.2.5.2). */
export const newTraceId = (random: Random): string => draw(random, 4)

export const newSpanId = (random: Random): string => draw(random, 2)

function draw(random: Random, words: number): string {
  let text = ''
  let any = 0
  while (any === 0) {
    text = ''
    for (let at = 0; at < words; at++) {
      const word = (random.next() * 4_294_967_296) >>> 0
      any |= word
      text += hexWord(word)
    }
  }
  return text
}

/**
 * The upper 48 of a trace's 56 random bits: from `rv`, else from the last 14 digits of a trace id that says it is random.
 * null: neither is said. OpenTelemetry's samplers presume then that the id is random all the same (`traceIdRandomness`).
 */
export function randomnessOf({ traceId, flags, randomness }: TraceContext): number | null {
  if (randomness !== '') return hexNumber(randomness, 0, 12)
  return (flags & TraceFlag.Random) === 0 ? null : traceIdRandomness(traceId)
}

/** Those 48 bits of a trace id, whatever its flags say. */
export const traceIdRandomness = (traceId: string): number => hexNumber(traceId, 18, 30)
