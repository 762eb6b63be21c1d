// What is counted of a load that k6 plays, wherever it runs and however many k6 share it: rows told, how late they
// were sent, and what of the plan had none.

import { createHistogram } from 'node:perf_hooks'
import { countArrivals } from '../../../arrivals.ts'
import type { RequestRow } from '../../../history.ts'
import type { LoadSpec } from '../../../substrate.ts'
import type { GroupEntries } from '../generator/bootstrap.ts'
import type { GeneratorSummary } from '../generator/lines.ts'
import type { K6Counts } from './ending.ts'
import { openRowReader } from './rows.ts'

/** What a generator tells of itself, without what only our own process knows. */
export type K6Summary = Omit<GeneratorSummary, 'loopLagP99Us' | 'niceness' | 'cpuUs'>

export interface Tally {
  /** A console line; `aheadUs` as in `RowReader`. */
  line(line: string, aheadUs?: number): void
  /** Once, at the end: tells the rows that are missing. `counts` of all k6 together. */
  summary(counts: K6Counts): K6Summary
}

/** `offsetUs`: wall time of the run's zero, microseconds since the epoch. */
export function openTally(load: LoadSpec, entries: Record<string, GroupEntries>, offsetUs: number, request: (row: RequestRow) => void): Tally {
  const reader = openRowReader(load, entries, offsetUs)
  const lag = createHistogram()
  let sent = 0
  return {
    line(line, aheadUs) {
      const row = reader.read(line, aheadUs)
      if (row === null) return
      sent++
      lag.record(Math.max(1, row.startUs - row.scheduledUs))
      request(row)
    },
    summary({ iterations, dropped }) {
      const missing = reader.missing()
      missing.forEach(request)
      return {
        name: `k6/${load.name}`, sent, dropped: reader.exact ? missing.length : dropped, unfinished: 0,
        scheduled: reader.exact ? load.streams.reduce((sum, _, at) => sum + countArrivals(load, at), 0) : iterations + dropped,
        lagP99Us: sent === 0 ? 0 : lag.percentile(99),
      }
    },
  }
}
