// What went over one path, group to region, past all failover: rows of the pinned witness, or the gateway's own
// attempts where no witness was sent; and how much client traffic used that path.

import type { JudgeContext } from './context.ts'
import type { FaultWindow } from './windows.ts'

export interface Path { group: string; region: string }

export interface PathSample {
  outcome: string
  status: number
  /** A service of the region answered, whatever the status. */
  answered: boolean
  /** A service of another region answered what was asked of this one: a mesh behind the gateway had moved it. */
  moved: boolean
  latencyMs: number
}

export interface PathSamples { before: PathSample[]; during: PathSample[]; by: 'witness' | 'attempts' }

interface Timed extends PathSample { fromUs: number; toUs: number }

/** So few samples say nothing. */
export const minSamples = 3

/**
 * Samples of the steady phase, and those that began and ended in the fault; `symptom` alone may end after its healing. What was
 * under way while another fault was in force too is left out where enough remains: it may show the other one.
 */
export function pathSamples(context: JudgeContext, path: Path, windows: readonly FaultWindow[], symptom: (sample: PathSample) => boolean): PathSamples {
  const steady = context.phases.filter(({ phase }) => phase === 'steady')
  const zeroUs = context.span?.zeroUs ?? Infinity
  const others = context.faults.filter(({ fault }) => fault.name !== windows[0].fault.name)
  const sort = (samples: readonly Timed[]): { before: Timed[]; during: Timed[] } => {
    const during = samples.filter((sample) => windows.some(({ inForceUs, healAskedUs }) =>
      inForceUs !== null && healAskedUs !== null && sample.fromUs >= inForceUs && sample.fromUs < healAskedUs
      && (sample.toUs <= healAskedUs || symptom(sample))))
    const alone = during.filter(({ fromUs, toUs }) => !others.some(({ askedUs, healedUs }) => toUs > (askedUs ?? Infinity) && fromUs < (healedUs ?? Infinity)))
    return {
      before: samples.filter(({ fromUs, toUs }) => toUs <= zeroUs && steady.some((window) => fromUs >= window.fromUs && fromUs < window.toUs)),
      during: alone.length >= minSamples ? alone : during,
    }
  }
  const witness = witnessRows(context, path)
  if (witness.length > 0) return { ...sort(witness), by: 'witness' }
  return { ...sort(attempts(context, path)), by: 'attempts' }
}

function witnessRows({ history: { requests } }: JudgeContext, path: Path): Timed[] {
  const [source, group, pinned] = [requests.source.codeOf('witness'), requests.group.codeOf(path.group), requests.pinned.codeOf(path.region)]
  const [sources, groups, pins] = [requests.source.codes, requests.group.codes, requests.pinned.codes]
  const samples: Timed[] = []
  for (let row = 0; row < sources.length; row++) {
    if (sources[row] !== source || groups[row] !== group || pins[row] !== pinned) continue
    if (requests.outcome.at(row) === 'lost') continue
    const toUs = requests.startUs[row] + requests.durationUs[row]
    samples.push({
      outcome: requests.outcome.at(row), status: requests.status[row], answered: requests.region.at(row) !== '',
      moved: ![path.region, ''].includes(requests.region.at(row)),
      latencyMs: (toUs - requests.startUs[row]) / 1000, fromUs: requests.startUs[row], toUs,
    })
  }
  return samples
}

function attempts(context: JudgeContext, path: Path): Timed[] {
  const { attempts: table } = context.history
  return attemptRows(context, path).map((row) => ({
    outcome: table.outcome.at(row), status: table.status[row], answered: table.outcome.at(row) !== 'gateway-unavailable' && table.status[row] !== 0,
    moved: false,
    latencyMs: table.durationUs[row] / 1000, fromUs: table.startUs[row], toUs: table.startUs[row] + table.durationUs[row],
  }))
}

/** Attempts of a group's entry gateways towards a region. */
function attemptRows(context: JudgeContext, path: Path): number[] {
  const { attempts: table } = context.history
  const gateways = entryGateways(context, path)
  const from = table.gateway.values.map((name) => gateways.includes(name))
  const region = table.region.codeOf(path.region)
  const [froms, regions] = [table.gateway.codes, table.region.codes]
  const rows: number[] = []
  for (let row = 0; row < froms.length; row++) if (regions[row] === region && from[froms[row]]) rows.push(row)
  return rows
}

function entryGateways({ plan }: JudgeContext, { group }: Path): string[] {
  const entry = plan.topology.clients.find(({ name }) => name === group)?.entry
  return entry === undefined ? [] : entry.kind === 'edge' ? [entry.edge] : entry.kind === 'direct' ? [entry.region] : entry.regions
}

/**
 * Attempts of steady client traffic over a path; where the group's entry gateways report no attempts at all (not every
 * gateway can), requests of the group that the region served.
 */
export function steadyUse(context: JudgeContext, path: Path): number {
  const { attempts: table } = context.history
  if (!entryGateways(context, path).some((name) => table.gateway.values.includes(name))) {
    return context.select({ phase: 'steady', group: path.group, region: path.region }).length
  }
  const steady = context.phases.filter(({ phase }) => phase === 'steady')
  const client = table.reason.values.map((reason) => reason === 'first' || reason === 'retry' || reason === 'hedge')
  return attemptRows(context, path).filter((row) => client[table.reason.codes[row]]
    && steady.some(({ fromUs, toUs }) => table.startUs[row] >= fromUs && table.startUs[row] < toUs)).length
}
