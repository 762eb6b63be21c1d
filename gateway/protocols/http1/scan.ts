// Finds the end of a header section byte by byte, and refuses what no correct peer sends: bare CR, bare LF,
// NUL and other control characters. Being incremental, the verdict does not depend on how bytes were cut.

import { syntaxProblem, type Problem } from '../problem.ts'

declare global {
  /** Node's own decoder, without the dispatch on the encoding's name that `toString` pays each time. */
  interface Buffer { latin1Slice(start: number, end: number): string }
}

/** 0 = ordinary, 1 = CR, 2 = LF, 3 = never allowed. HTAB and obs-text (0x80 and above) are ordinary. */
const classes = new Uint8Array(256)
classes.fill(3, 0, 0x20)
classes[0x09] = 0
classes[0x0d] = 1
classes[0x0a] = 2
classes[0x7f] = 3

const bareCr = syntaxProblem('a carriage return stands without a line feed', 'end every line of the header section with CR LF')
const bareLf = syntaxProblem('a line feed stands without a carriage return', 'end every line of the header section with CR LF')
const control = syntaxProblem('a control character stands in the header section')

export class HeadScanner {
  /** Set when `scan` returned -2. */
  problem: Problem | null = null
  /** 0 = inside a line, 1 = after CR, 2 = at the start of a line, 3 = after the CR of an empty line. */
  #state = 2

  reset(): void {
    this.#state = 2
    this.problem = null
  }

  /** Index after the empty line that ends the section; -1 when more bytes are needed; -2 when `problem` is set. */
  scan(bytes: Buffer, from: number, to: number): number {
    let state = this.#state
    for (let index = from; index < to; index++) {
      const kind = classes[bytes[index]]
      if (kind === 0) {
        if ((state & 1) === 1) return this.#refuse(bareCr)
        state = 0
      } else if (kind === 1) {
        if ((state & 1) === 1) return this.#refuse(bareCr)
        state = state === 2 ? 3 : 1
      } else if (kind === 2) {
        if (state === 3) {
          this.#state = 2
          return index + 1
        }
        if (state !== 1) return this.#refuse(bareLf)
        state = 2
      } else {
        return this.#refuse(control)
      }
    }
    this.#state = state
    return -1
  }

  #refuse(problem: Problem): -2 {
    this.problem = problem
    return -2
  }
}
