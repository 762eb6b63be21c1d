// When faults begin and how long they last, inside the fault phase. Many begin or end just where another does:
// what a gateway does while it recovers is where its mistakes are.

import type { Random } from '../../gateway/ports.ts'
import { chance, pick } from './draw.ts'

export interface Span { atUs: number; forUs: number }

export interface Windows {
  /** Any, at least this long. */
  any(leastUs?: number): Span
  /** Begins within half a second of another and ends as freely. */
  near(other: Span, leastUs?: number): Span
  /** Later on, after a short gap; null when the phase has no room for it. */
  after(other: Span): Span | null
  /** Later windows may begin or end where this one does. */
  taken(span: Span): void
}

/** Times are multiples of this, so that a schedule can be read. */
export const stepUs = 50_000
export const shortestUs = 100_000

export function openWindows(random: Random, phaseUs: number, taken: readonly Span[]): Windows {
  const edges = taken.flatMap(edgesOf)
  const stepped = (us: number): number => Math.round(us / stepUs) * stepUs
  const fitted = (atUs: number, forUs: number, leastUs: number): Span => {
    const begin = Math.min(Math.max(0, stepped(atUs)), stepped(phaseUs - leastUs - stepUs / 2))
    return { atUs: begin, forUs: Math.max(leastUs, Math.min(stepped(forUs), Math.floor((phaseUs - begin) / stepUs) * stepUs)) }
  }
  const length = (leastUs: number): number => {
    const spread = pick(random, [[shortestUs, 500_000], [500_000, phaseUs / 2], [phaseUs / 2, phaseUs]] as const)
    return Math.max(leastUs, spread[0] + random.next() * (spread[1] - spread[0]))
  }
  const begin = (): number => edges.length > 0 && chance(random, 0.35)
    ? pick(random, edges) + pick(random, [-4, -1, 0, 1, 4]) * stepUs
    : random.next() * phaseUs
  return {
    any: (leastUs = shortestUs) => fitted(begin(), length(leastUs), leastUs),
    near: ({ atUs }, leastUs = shortestUs) => fitted(atUs + (random.next() - 0.5) * 1_000_000, length(leastUs), leastUs),
    after({ atUs, forUs }) {
      const from = atUs + forUs + stepped(random.next() * 1_000_000)
      return from + shortestUs > phaseUs ? null : fitted(from, Math.min(length(shortestUs), phaseUs - from), shortestUs)
    },
    taken: (span) => void edges.push(...edgesOf(span)),
  }
}

function edgesOf({ atUs, forUs }: Span): number[] {
  return [atUs, atUs + forUs]
}
