// Idle connections of every gateway to every target that it has had, as counts. Like targets' health they follow the
// target's key, so that a new snapshot leaves them where they are.

export class Pools {
  /** Idle connections by pool. */
  idle = new Int32Array(1024)
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
    if (number >= this.idle.length) {
      const larger = new Int32Array(this.idle.length * 2)
      larger.set(this.idle)
      this.idle = larger
    }
    return number
  }

  /** A gateway's process is gone, and its connections with it. */
  forget(gateway: number): void {
    for (const number of this.#byGateway[gateway] ?? []) this.idle[number] = 0
  }
}
