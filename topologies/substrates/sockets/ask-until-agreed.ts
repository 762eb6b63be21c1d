// Cells of a matrix are asked about until none disagrees, or for as long as a change may take to arrive: what was changed a
// moment ago is heard of by proxies one after another.

import { setTimeout as sleep } from 'node:timers/promises'

export interface Asking<Cell, Answer> {
  /** Answers in the order of the cells. */
  ask(cells: readonly Cell[]): Promise<Answer[]>
  isApart(answer: Answer): boolean
  /** Rounds after the first at most, and how long to wait before each. */
  rounds: number
  waitMs: number
  signal: AbortSignal
}

/**
 * The last answer to each cell. Only cells that disagree are asked again; when none does any more, all are asked once more,
 * because a change that arrived late may have opened what was shut a moment ago.
 */
export async function askUntilAgreed<Cell, Answer>(cells: readonly Cell[], asking: Asking<Cell, Answer>): Promise<Answer[]> {
  const { ask, isApart, rounds, waitMs, signal } = asking
  const answers = await ask(cells)
  const apart = (): number[] => answers.flatMap((answer, at) => isApart(answer) ? [at] : [])
  let whole = true
  for (let round = 0; round < rounds; round++) {
    const left = apart()
    if (left.length === 0 && whole) break
    if (left.length > 0) await sleep(waitMs, undefined, { signal })
    const again = left.length === 0 ? [...cells.keys()] : left
    whole = left.length === 0
    const heard = await ask(again.map((at) => cells[at]))
    again.forEach((at, index) => { answers[at] = heard[index] })
  }
  return whole || apart().length > 0 ? answers : ask(cells)
}
