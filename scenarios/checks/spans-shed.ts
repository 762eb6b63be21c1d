// What a collector that is slow, silent or gone costs: spans, and never a request.

import type { HistoryEvent } from '../../topologies/history.ts'
import { formatCount } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const spansShed: Metric = {
  measure(context, { gateway }) {
    const bySource = new Map<string, Shed>()
    for (const event of context.history.events) {
      if (event.kind !== 'tracing' || (gateway !== undefined && !event.source.endsWith(`/${gateway}`))) continue
      bySource.set(event.source, added(bySource.get(event.source), event))
    }
    if (bySource.size === 0) return { kind: 'unknown', why: 'no gateway told what became of its spans' }
    const all = [...bySource.values()]
    const sum = (pick: (shed: Shed) => number): number => all.reduce((total, one) => total + pick(one), 0)
    const [shed, failed] = [sum((one) => one.shed), sum((one) => one.failed)]
    return {
      kind: 'counter', count: shed + failed, of: sum((one) => one.kept), seconds: context.seconds({}),
      evidence: [
        `of ${formatCount(sum((one) => one.kept))} spans to be exported: ${formatCount(shed)} for want of room, ${formatCount(failed)} not taken by the collector`,
        ...[...bySource].filter(([, one]) => one.shed + one.failed > 0).map(([source, one]) => `${source}: ${formatCount(one.shed)} and ${formatCount(one.failed)}`),
      ],
    }
  },
}

/** Counts begin again when a process does; `last` are those of the process that runs. */
interface Shed { kept: number; shed: number; failed: number; last: { kept: number; shed: number; failed: number } }

function added(before: Shed | undefined, { counts, exported }: Extract<HistoryEvent, { kind: 'tracing' }>): Shed {
  const now = { kept: counts.kept, shed: exported.shed, failed: exported.failed }
  const last = before === undefined || now.kept < before.last.kept ? { kept: 0, shed: 0, failed: 0 } : before.last
  const { kept, shed, failed } = before ?? { kept: 0, shed: 0, failed: 0 }
  return { kept: kept + now.kept - last.kept, shed: shed + now.shed - last.shed, failed: failed + now.failed - last.failed, last: now }
}
