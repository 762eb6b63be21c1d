// Names that configuration bounds (routes, services, regions, targets, protocols) as numbers: a span carries four octets, and
// each name is told to the exporting thread once. What clients choose is never a name here; it travels inside the span.

export class NameTable {
  readonly #numbers = new Map<string, number>([['', 0]])
  #untold: (readonly [number, string])[] = []

  /** The number of a name; nought is ''. Numbers are never used again, because spans that wait in a ring may hold any. */
  numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(name, number)
    this.#untold.push([number, name])
    return number
  }

  /** What no batch has brought. */
  get untold(): readonly (readonly [number, string])[] {
    return this.#untold
  }

  /** All that was untold is in a batch. */
  told(): void {
    if (this.#untold.length > 0) this.#untold = []
  }
}
