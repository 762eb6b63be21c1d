// The hash by which two runs are told to be the same: every event handled goes in, in order, so the first that differs
// shows. It must cost a few nanoseconds, so it is not cryptographic.

/**
 * MurmurHash3 x86_128 (Appleby, public domain) cut down to two of its four lanes, with its constants: lane 1 takes
 * the low half of the time, `a`; lane 2 the high half, `b`; the kind goes through the first.
 */
export class TraceHash {
  #one = 0
  #two = 0
  #length = 0

  /** All are 32-bit integers; `low` and `high` are the bits of the time as a double. */
  add(low: number, high: number, kind: number, a: number, b: number): void {
    let one = this.#one
    let two = this.#two
    one ^= scramble(low, 0x239b961b, 15, 0xab0e9789)
    one = (Math.imul(((one << 19) | (one >>> 13)) + two, 5) + 0x561ccd1b) | 0
    two ^= scramble(high, 0xab0e9789, 16, 0x38b34ae5)
    two = (Math.imul(((two << 17) | (two >>> 15)) + one, 5) + 0x0bcaa747) | 0
    one ^= scramble(a, 0x38b34ae5, 17, 0xa1e38b93)
    one = (Math.imul(((one << 15) | (one >>> 17)) + two, 5) + 0x96cd1c35) | 0
    two ^= scramble(b, 0xa1e38b93, 18, 0x239b961b)
    two = (Math.imul(((two << 13) | (two >>> 19)) + one, 5) + 0x32ac3b17) | 0
    this.#one = (one ^ Math.imul(kind, 0x9e3779b1)) | 0
    this.#two = two
    this.#length = (this.#length + 1) | 0
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    let one = this.#one ^ this.#length
    let two = this.#two ^ this.#length
    one = (one + two) | 0
    two = (two + one) | 0
    one = finish(one)
    two = finish(two)
    one = (one + two) | 0
    two = (two + one) | 0
    return hex(one) + hex(two)
  }
}

function scramble(word: number, first: number, turn: number, second: number): number {
  const product = Math.imul(word, first)
  return Math.imul((product << turn) | (product >>> (32 - turn)), second)
}

function finish(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
