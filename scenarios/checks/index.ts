// Every rule that is always judged; kind = file name = key. What scenarios ask for beside them is a threshold over
// one of the metrics in `measures.ts`.

import type { Rule } from './check.ts'
import { faultBit } from './fault-bit.ts'
import { generator } from './generator.ts'
import { historyComplete } from './history-complete.ts'
import { invariants } from './invariants.ts'
import { machineRoom } from './machine-room.ts'
import { normalLatency } from './normal-latency.ts'
import { residency } from './residency.ts'
import { steadyState } from './steady-state.ts'

/** In the order of the document: first whether the run may be believed. */
export const rules: Record<string, Rule> = {
  'history-complete': historyComplete,
  generator,
  'machine-room': machineRoom,
  'normal-latency': normalLatency,
  'fault-bit': faultBit,
  'steady-state': steadyState,
  residency,
  invariants,
}
