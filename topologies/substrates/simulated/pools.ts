// Connections of every gateway to every target that it has had, as counts: idle ones, and those that carry a request.
// Like targets' health they follow the target's key, so that a new snapshot leaves them where they are.

/** As in `gateway/dataplane/pool.ts`. */
const maxIdle = 256

export class Pools {
  /** By pool: idle at twice its number, carrying a request beside it. */
  counts = new Int32Array(2048)
  readonly #numbers = new Map<string, number>()
  readonly #byGateway: number[][] = []

  /** Number of a gateway's pool for a target's key. */
  of(gateway: number, key: string): number {
    const name = `${gateway} ${key}`
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(name, number)
    ;(this.#byGateway[gateway] ??= []).push(number)
    if (number * 2 >= this.counts.length) {
      const larger = new Int32Array(this.counts.length * 2)
      larger.set(this.counts)
      this.counts = larger
    }
    return number
  }

  /** An idle connection is used; false = there is none, and a new one is opened. */
  take(pool: number): boolean {
    const { counts } = this
    const at = pool * 2
    counts[at + 1]++
    if (counts[at] === 0) return false
    counts[at]--
    return true
  }

  /** A request is over; `keep`: its connection may be used again. */
  release(pool: number, keep: boolean): void {
    const { counts } = this
    const at = pool * 2
    counts[at + 1]--
    if (keep && counts[at] < maxIdle) counts[at]++
  }

  /** Closes what is idle; returns how many that were. */
  drain(pool: number): number {
    const idle = this.counts[pool * 2]
    this.counts[pool * 2] = 0
    return idle
  }

  carrying(pool: number): number {
    return this.counts[pool * 2 + 1]
  }

  /** A gateway's process is gone, and its connections with it. */
  forget(gateway: number): void {
    for (const number of this.#byGateway[gateway] ?? []) this.counts[number * 2] = this.counts[number * 2 + 1] = 0
  }
}
