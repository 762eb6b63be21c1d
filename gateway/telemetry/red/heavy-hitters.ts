// Who comes most often, in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and
// top-k elements in data streams", ICDT 2005). Of n occurrences everybody with more than n / capacity is found.

export interface HeavyHitter {
  name: string
  /** At least so often: the paper's count less its error, so that nobody is accused of what others did. */
  count: number
}

interface Counter { name: string; count: number; /** What stood here when the name took the place of another. */ error: number }

export class HeavyHitters {
  readonly #capacity: number
  readonly #counters = new Map<string, Counter>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  add(name: string): void {
    const known = this.#counters.get(name)
    if (known !== undefined) known.count++
    else if (this.#counters.size < this.#capacity) this.#counters.set(name, { name, count: 1, error: 0 })
    else this.#replaceLeast(name)
  }

  /** Linear in the capacity, and only for names that are not held: bounded, whoever asks. */
  #replaceLeast(name: string): void {
    let least: Counter | null = null
    for (const counter of this.#counters.values()) if (least === null || counter.count < least.count) least = counter
    if (least === null) return
    this.#counters.delete(least.name)
    this.#counters.set(name, { name, count: least.count + 1, error: least.count })
  }

  /** Most first, at most `limit`; counting starts again. */
  take(limit: number): HeavyHitter[] {
    const taken = [...this.#counters.values()].map(({ name, count, error }) => ({ name, count: count - error }))
    this.#counters.clear()
    return taken.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)).slice(0, limit)
  }
}
