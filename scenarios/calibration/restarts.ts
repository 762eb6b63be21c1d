// How long a killed process takes to serve again, from the events of a run: from its start to its readiness. First
// starts do not count, because then all processes start at once.

import type { HistoryEvent } from '../../topologies/history.ts'
import type { SimulationModel } from '../../topologies/substrates/simulated/model.ts'

export type RestartTimes = Record<keyof SimulationModel['restartUs'], number[]>

const partOf: Record<string, keyof RestartTimes> = { gateway: 'gateway', edge: 'gateway', services: 'services', 'control-plane': 'controlPlane' }

/** Microseconds, in the order of the events. */
export function restartTimes(events: readonly HistoryEvent[]): RestartTimes {
  const times: RestartTimes = { gateway: [], services: [], controlPlane: [] }
  const killed = new Set<string>()
  const startedUs = new Map<string, number>()
  for (const event of events) {
    if (event.kind !== 'process') continue
    const part = partOf[event.process.split('/')[0]]
    if (part === undefined) continue
    if (event.state === 'killed') killed.add(event.process)
    else if (event.state === 'started' && killed.has(event.process)) startedUs.set(event.process, event.atUs)
    else if (event.state === 'ready' && startedUs.has(event.process)) {
      times[part].push(event.atUs - startedUs.get(event.process)!)
      killed.delete(event.process)
      startedUs.delete(event.process)
    }
  }
  return times
}
