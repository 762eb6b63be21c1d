// Seeds split over machines: shard i of n has every n-th, so each begins with low seeds and none waits for another.

import type { Shard } from './result.ts'

/** How many of `runs` seeds a shard has; null = without end. */
export function runsOf({ index, of }: Shard, runs: number | null): number | null {
  return runs === null ? null : Math.max(0, Math.ceil((runs - index) / of))
}

/** The seed of a shard's run number `ordinal`, from 0. */
export function seedOf({ index, of }: Shard, first: number, ordinal: number): number {
  return first + index + ordinal * of
}

/** `0/4` … `3/4`; null when the text is no shard. */
export function parseShard(text: string): Shard | null {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text)
  const [index, of] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])]
  return index < of ? { index, of } : null
}
