// Drawing from lists, with nothing but the port of randomness.

import type { Random } from '../../gateway/ports.ts'

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.next() * items.length)]
}

export function chance(random: Random, share: number): boolean {
  return random.next() < share
}

export function weighted<T extends { weight: number }>(random: Random, items: readonly T[]): T {
  let at = random.next() * items.reduce((sum, { weight }) => sum + weight, 0)
  return items.find(({ weight }) => (at -= weight) < 0) ?? items[items.length - 1]
}

/** At least one, at most all, in the order of the list. */
export function subset<T>(random: Random, items: readonly T[]): T[] {
  const kept = items.filter(() => chance(random, 0.5))
  return kept.length === 0 ? [pick(random, items)] : kept
}
