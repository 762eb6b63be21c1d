// A start in stages: each is timed for the inventory and told to whoever watches, and what was done is undone in
// reverse when a later one fails.

import { systemClock } from '../../../gateway/runtime.ts'
import type { StartRequest } from '../../substrate.ts'

export interface Stages {
  /** Milliseconds by stage, in the order in which they ended. */
  readonly ms: Record<string, number>
  time<T>(stage: string, work: () => Promise<T>): Promise<T>
}

export function openStages(progress: StartRequest['progress']): Stages {
  const ms: Record<string, number> = {}
  return {
    ms,
    async time(stage, work) {
      const from = systemClock.nowUs()
      const result = await work()
      ms[stage] = Math.round((systemClock.nowUs() - from) / 1000)
      progress(stage, `${ms[stage]} ms`)
      return result
    },
  }
}

export type Undo = () => Promise<void> | void

/** The last first. Every step is tried; the first failure is thrown when all were. */
export async function unwind(undo: Undo[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of undo.splice(0).reverse()) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
