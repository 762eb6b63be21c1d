// Timers in virtual time, for code that was written for timers. Callbacks wait in a table; the event that fires one
// carries its slot and the slot's generation, so what was cancelled is recognised when it comes due, and never runs.

import type { Scheduler } from '../../../../gateway/ports.ts'
import type { Engine, Handler } from './engine.ts'

/** The engine's own kinds. 0 is none. */
const kindOf = { after: 1, every: 2, reading: 3 } as const

/** Intervals are at least this long, as Node's are: a shorter one would hold virtual time still. */
const leastIntervalUs = 1000

/** Slots are used again; a generation tells their users apart. 31 bits of them never run out in a run. */
interface Slots {
  callbacks: ((() => void) | null)[]
  generations: number[]
  intervalsUs: number[]
  free: number[]
}

export function virtualScheduler(engine: Pick<Engine, 'nowUs' | 'post'>, handle: (kind: number, handler: Handler) => void): Scheduler {
  const slots: Slots = { callbacks: [], generations: [], intervalsUs: [], free: [] }

  function arm(kind: number, delayUs: number, intervalUs: number, run: () => void): () => void {
    const slot = slots.free.pop() ?? slots.callbacks.push(null) - 1
    const generation = ((slots.generations[slot] ?? 0) + 1) | 0
    slots.callbacks[slot] = run
    slots.generations[slot] = generation
    slots.intervalsUs[slot] = intervalUs
    engine.post(engine.nowUs + delayUs, kind, slot, generation)
    return () => { if (slots.generations[slot] === generation) release(slot) }
  }

  function release(slot: number): void {
    if (slots.callbacks[slot] === null) return
    slots.callbacks[slot] = null
    slots.free.push(slot)
  }

  function once(slot: number, generation: number): void {
    const run = slots.callbacks[slot]
    if (slots.generations[slot] !== generation || run === null) return
    release(slot)
    run()
  }

  function repeatedly(slot: number, generation: number): void {
    const run = slots.callbacks[slot]
    if (slots.generations[slot] !== generation || run === null) return
    // Before it runs: it may cancel itself.
    engine.post(engine.nowUs + slots.intervalsUs[slot], kindOf.every, slot, generation)
    run()
  }

  handle(kindOf.after, once)
  handle(kindOf.every, repeatedly)
  handle(kindOf.reading, once)
  return {
    after: (delayMs, run) => arm(kindOf.after, Math.max(0, delayMs * 1000), 0, run),
    every(intervalMs, run) {
      const intervalUs = Math.max(leastIntervalUs, intervalMs * 1000)
      return arm(kindOf.every, intervalUs, intervalUs, run)
    },
    // What has arrived by now was posted by now.
    afterReading: (run) => arm(kindOf.reading, 0, 0, run),
  }
}
