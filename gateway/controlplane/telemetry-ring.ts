// The last minutes in twelve slots: right to a twelfth of the window, in the memory of twelve, whatever its length.

const slots = 12

export interface Ring<T> {
  /** What is gathered now. */
  at(nowUs: number): T
  /** Of the window, oldest first, the slot of now included: between eleven and twelve twelfths of its length. */
  within(nowUs: number): T[]
}

export function createRing<T>(seconds: number, make: () => T): Ring<T> {
  const widthUs = (seconds * 1e6) / slots
  const held: { number: number; gathered: T }[] = []
  return {
    at(nowUs) {
      const number = Math.floor(nowUs / widthUs)
      if (held.at(-1)?.number !== number) held.push({ number, gathered: make() })
      if (held.length > slots) held.shift()
      return held.at(-1)!.gathered
    },
    within(nowUs) {
      const oldest = Math.floor(nowUs / widthUs) - slots + 1
      return held.filter(({ number }) => number >= oldest).map(({ gathered }) => gathered)
    },
  }
}
