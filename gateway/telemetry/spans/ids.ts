// Span ids as 32-bit words: drawn, compared and written without making text, which only what goes out on the wire needs.

import type { Random } from '../../ports.ts'

/** A word as eight hex digits. */
export function hexOf(word: number): string {
  return octets[word >>> 24] + octets[(word >>> 16) & 255] + octets[(word >>> 8) & 255] + octets[word & 255]
}

/** Never nought, so that no id made of such words is all noughts, which would be none (W3C trace context, section 3.2.2.4). */
export function randomWord(random: Random): number {
  return 1 + Math.floor(random.next() * 4_294_967_295)
}

const octets = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))
