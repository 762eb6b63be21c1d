// Delta debugging: the smallest part of a list that still fails, in few tries.

/** Index of the first of these that fails, −1 when none does. Tries may go on side by side. */
export type FirstFailing<T> = (candidates: readonly T[]) => Promise<number>

/**
 * A list that fails and of which no part without one item does (1-minimal), as far as `firstFailing` had tries left.
 * `items` itself must fail. The ddmin algorithm of Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", IEEE TSE 28(2), 2002, figure 4, with the empty list tried first.
 */
export async function ddmin<T>(items: readonly T[], firstFailing: FirstFailing<readonly T[]>): Promise<readonly T[]> {
  if (items.length > 0 && await firstFailing([[]]) === 0) return []
  let held = items
  let parts = 2
  while (held.length > 1) {
    const chunks = split(held, parts)
    const complements = parts === 2 ? [] : chunks.map((chunk) => held.filter((item) => !chunk.includes(item)))
    const found = await firstFailing([...chunks, ...complements])
    if (found >= 0) {
      held = [...chunks, ...complements][found]
      parts = found < chunks.length ? 2 : Math.max(parts - 1, 2)
    } else if (parts < held.length) {
      parts = Math.min(held.length, parts * 2)
    } else {
      return held
    }
    parts = Math.min(parts, Math.max(2, held.length))
  }
  return held
}

function split<T>(items: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, part) => items.slice(Math.floor((part * items.length) / parts), Math.floor(((part + 1) * items.length) / parts)))
}
