// How gateways raised their sampling rates because of a fault, and how they came back: by the rates that they told of, for
// each fault that began while a policy with anomaly raising was in force.

import type { HistoryEvent } from '../../topologies/history.ts'
import type { JudgeContext } from './context.ts'
import { processOf } from './places.ts'
import { blockAt, samplingOf } from './sampling.ts'
import type { FaultWindow } from './windows.ts'

export interface Anomaly {
  fault: string
  zeroUs: number
  /** Null: the healing is not on record. */
  healedUs: number | null
  /** First rate that was raised because of an anomaly; null = none was. */
  raisedUs: number | null
  /** All rates that it raised are back, for the first time after the healing; null = some were not while that could be told. */
  backUs: number | null
  /** Until when the policy was in force: what came later nobody can tell. */
  toldUntilUs: number
  raised: number
}

type Rate = Extract<HistoryEvent, { kind: 'sampling-rate' }>

/** None when no gateway tells of its tracing at all: then nothing is known of rates either. */
export function anomaliesOf(context: JudgeContext): Anomaly[] {
  const { plan, faults, history } = context
  const sampling = samplingOf(context)
  const rates = history.events.filter((event) => event.kind === 'sampling-rate')
  if (rates.length === 0 && !history.events.some(({ kind }) => kind === 'tracing')) return []
  return [...new Set(faults.map(({ fault }) => fault.name))].flatMap((name): Anomaly[] => {
    const windows = faults.filter(({ fault }) => fault.name === name)
    const asked = windows.flatMap(({ askedUs }) => askedUs ?? [])
    if (asked.length === 0) return []
    const zeroUs = Math.min(...asked)
    const block = blockAt(context, zeroUs)
    if (!sampling.some(block?.variant ?? null, ({ anomaly }) => anomaly !== null)) return []
    const healed = windows.map(({ healedUs }) => healedUs)
    const entries = entriesOf(context, windows)
    const last = plan.blocks?.at(-1) === block
    const toldUntilUs = block === null || last ? plan.endUs : block.toUs
    return [told(name, zeroUs, healed.every((us) => us !== null) ? Math.max(...healed) : null, toldUntilUs, rates.filter(({ source }) => entries.has(source)))]
  })
}

/**
 * Gateways where clients enter whose way the fault lies on: heads are sampled there, and what another raises meanwhile is of
 * another cause. All of them when the fault names no way.
 */
function entriesOf(context: JudgeContext, windows: readonly FaultWindow[]): Set<string> {
  const { clients } = context.plan.topology
  const touched = new Set(windows.flatMap(({ fault }) => fault.paths.map(({ group }) => group)))
  const process = processOf(context)
  return new Set(clients.filter(({ name }) => touched.size === 0 || touched.has(name)).flatMap(({ entry }) =>
    entry.kind === 'edge' ? [entry.edge] : entry.kind === 'direct' ? [entry.region] : entry.regions).map(process))
}

function told(fault: string, zeroUs: number, healedUs: number | null, toldUntilUs: number, rates: readonly Rate[]): Anomaly {
  const within = rates.filter(({ atUs }) => atUs >= zeroUs && atUs < toldUntilUs)
  // Of each rate of each gateway, from the first raising on. Back after the healing is back: what raises it later is another story.
  const back = new Map<string, number | null>()
  for (const { source, key, cause, atUs } of within) {
    const name = `${source} ${key.tenant} ${key.route} ${key.protocol}`
    if (cause === 'anomaly' && (back.get(name) ?? 0) < (healedUs ?? Infinity)) back.set(name, null)
    else if (cause === 'baseline' && back.get(name) === null) back.set(name, atUs)
  }
  const ends = [...back.values()]
  return {
    fault, zeroUs, healedUs, toldUntilUs, raised: back.size,
    raisedUs: within.find(({ cause }) => cause === 'anomaly')?.atUs ?? null,
    backUs: ends.length > 0 && ends.every((us) => us !== null) ? Math.max(...ends) : null,
  }
}
