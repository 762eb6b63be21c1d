// What every check looks at: the run, its history, and what is derived from both once: phases, faults, which
// requests failed, were slow or could have been saved. Loops over typed arrays, because rows may be millions.

import { phases, type Phase, type RequestOutcome } from '../../topologies/history.ts'
import type { History } from '../../topologies/history/read.ts'
import type { CodeColumn, Requests } from '../../topologies/history/table.ts'
import type { MetricTag } from '../checks/metrics.ts'
import type { RunRecord } from '../run-record.ts'
import type { Plan, PlannedBlock } from '../scenario.ts'
import { lawfulRegions, type LawfulRegions } from './lawful-regions.ts'
import { normalLatencies, type NormalLatencies } from './paths.ts'
import { filterRows } from './rows.ts'
import { faultSpan, faultWindows, phaseWindows, type FaultSpan, type FaultWindow, type PhaseWindow } from './windows.ts'

export type Tags = Partial<Record<MetricTag, string>>

export interface JudgeContext {
  run: RunRecord
  plan: Plan
  history: History
  phases: PhaseWindow[]
  faults: FaultWindow[]
  /** Null when there was no fault, or its events are not all there. */
  span: FaultSpan | null
  normal: NormalLatencies
  /** Null when it cannot be told from run.json. */
  lawful: LawfulRegions | null
  /** Row numbers. Without a tag: load and prober, all phases but the warm-up; never what was not sent. */
  select(tags: Tags): Int32Array
  phaseOf(row: number): Phase | null
  /** From the scheduled start to the end, milliseconds. */
  latencyMs(row: number): number
  failed(row: number): boolean
  /** Slower than normal + 250 ms on the path that served it; null = no normal latency is known for that path. */
  slow(row: number): boolean | null
  /** The design's eligible: could have been sent again, and an allowed region without a fault remained. */
  eligible(row: number): boolean
  /** Length of the windows of a phase, or of all but the warm-up, seconds; of a variant, what counts of its blocks. */
  seconds(tags: Pick<Tags, 'phase' | 'variant'>): number
}

export const slowMarginMs = 250

/** A refusal that residency or an access policy demands is no failure; what the generator never sent says nothing of the gateway. */
export function isFailure(outcome: string): boolean {
  return outcome !== 'ok' && outcome !== 'residency' && outcome !== 'access-denied' && outcome !== 'lost'
}

export function judgeContext(run: RunRecord, history: History): JudgeContext {
  const { plan } = run
  const { requests } = history
  const windows = phaseWindows(history.events, plan.endUs)
  const faults = faultWindows(plan, history.events)
  const span = faultSpan(faults)
  const zeroUs = span?.zeroUs ?? Infinity
  const rowPhases = phasesOfRows(requests, windows, zeroUs)
  // Columns are taken out of their table once: a row must cost no look-up of names.
  const { scheduledUs, startUs, durationUs, outcome, group, region } = requests
  const failedCodes = Uint8Array.from(outcome.values, (value) => Number(isFailure(value)))
  const noRegion = region.codeOf('')
  const latencyMs = (row: number): number => (startUs[row] + durationUs[row] - scheduledUs[row]) / 1000
  const phaseOf = (row: number): Phase | null => phases[rowPhases[row]] ?? null
  const normal = normalLatencies(requests, (row) => phaseOf(row) === 'steady', latencyMs)
  const failed = (row: number): boolean => failedCodes[outcome.codes[row]] === 1
  const lawful = lawfulOrNull(run)
  const chosen = new Map<string, Int32Array>()
  return {
    run, plan, history, phases: windows, faults, span, normal, lawful, latencyMs, phaseOf, failed,
    select(tags) {
      const key = JSON.stringify(Object.entries(tags).sort())
      const rows = chosen.get(key) ?? selectRows(requests, rowPhases, plan.blocks ?? [], tags)
      chosen.set(key, rows)
      return rows
    },
    slow(row) {
      const latency = latencyMs(row)
      if (latency <= slowMarginMs || failed(row) || region.codes[row] === noRegion) return false
      const normalMs = normal.of(group.codes[row], region.codes[row])
      return Number.isNaN(normalMs) ? null : latency > normalMs + slowMarginMs
    },
    eligible: eligibility(plan, lawful, requests, faults),
    seconds({ phase, variant }) {
      const counted = variant === undefined ? [{ fromUs: 0, toUs: Infinity }]
        : (plan.blocks ?? []).filter((block) => block.variant === variant).map(({ settledUs, toUs }) => ({ fromUs: settledUs, toUs }))
      return windows
        .filter((window) => (phase === undefined ? window.phase !== 'warmup' : window.phase === phase))
        .reduce((sum, window) => sum + counted.reduce((own, block) => own + overlapUs(window, block) / 1e6, 0), 0)
    },
  }
}

function overlapUs(a: { fromUs: number; toUs: number }, b: { fromUs: number; toUs: number }): number {
  return Math.max(0, Math.min(a.toUs, b.toUs) - Math.max(a.fromUs, b.fromUs))
}

/** A configuration that does not compile (any more) leaves residency unjudged; it must not take the other checks with it. */
function lawfulOrNull(run: RunRecord): LawfulRegions | null {
  try {
    return lawfulRegions(run)
  } catch {
    return null
  }
}

const noPhase = 255

/** Index into `phases` a row. What is in flight when the first fault is asked for belongs to the fault. */
function phasesOfRows(requests: Requests, windows: readonly PhaseWindow[], zeroUs: number): Uint8Array {
  const { scheduledUs, startUs, durationUs } = requests
  const rowPhases = new Uint8Array(requests.length).fill(noPhase)
  const fault = phases.indexOf('fault')
  const steady = phases.indexOf('steady')
  for (const { phase, fromUs, toUs } of windows) {
    const index = phases.indexOf(phase)
    const last = windows.at(-1)?.phase === phase
    for (let row = 0; row < requests.length; row++) {
      const atUs = scheduledUs[row]
      if (atUs < fromUs || (atUs >= toUs && !last)) continue
      const inFlight = index === steady && startUs[row] + durationUs[row] > zeroUs
      rowPhases[row] = inFlight ? fault : index
    }
  }
  return rowPhases
}

const clientSources = ['load', 'prober']

function selectRows(requests: Requests, rowPhases: Uint8Array, blocks: readonly PlannedBlock[], tags: Tags): Int32Array {
  const { phase, source, variant, ...others } = tags
  const inPhase = new Uint8Array(256)
  if (phase === undefined) phases.forEach((name, index) => { inPhase[index] = Number(name !== 'warmup') })
  else if (phases.includes(phase as Phase)) inPhase[phases.indexOf(phase as Phase)] = 1
  const filters = [
    filter(requests.source, source === undefined ? clientSources : [source]),
    filter(requests.outcome, requests.outcome.values.filter((outcome) => outcome !== ('lost' satisfies RequestOutcome))),
    ...Object.entries(others).map(([tag, value]) => filter(requests[tag as Exclude<MetricTag, 'phase' | 'source' | 'variant'>], [value])),
  ]
  const rows = new Int32Array(requests.length)
  let count = 0
  for (let row = 0; row < rowPhases.length; row++) if (inPhase[rowPhases[row]] === 1) rows[count++] = row
  for (const { codes, wanted } of filters) {
    let kept = 0
    for (let i = 0; i < count; i++) {
      const row = rows[i]
      rows[kept] = row
      kept += wanted[codes[row]]
    }
    count = kept
  }
  if (variant !== undefined) return filterRows(rows.subarray(0, count), withinBlocks(requests, blocks.filter((block) => block.variant === variant)))
  return count === rows.length ? rows : rows.slice(0, count)
}

/** Scheduled in the counted part of one of the blocks. */
function withinBlocks({ scheduledUs }: Requests, blocks: readonly PlannedBlock[]): (row: number) => boolean {
  return (row) => blocks.some(({ settledUs, toUs }) => scheduledUs[row] >= settledUs && scheduledUs[row] < toUs)
}

/** 1 by code of the values that pass. */
function filter(column: CodeColumn, values: readonly string[]): { codes: Int32Array; wanted: Uint8Array } {
  return { codes: column.codes, wanted: Uint8Array.from(column.values, (value) => Number(values.includes(value))) }
}

/** Row eligibility less the times when every region that may serve the route is under a fault. */
function eligibility(plan: Plan, lawful: LawfulRegions | null, requests: Requests, faults: readonly FaultWindow[]): (row: number) => boolean {
  const { route: routes, eligible, scheduledUs, startUs, durationUs } = requests
  const everywhere = plan.topology.regions.map(({ name }) => name)
  const none = routes.values.map((route) => {
    const open = lawful?.get(route)?.serving ?? everywhere
    const windows = open.map((region) => faults.filter(({ fault }) => fault.paths.some((path) => path.region === region)))
    return windows.some((list) => list.length === 0) ? null : windows
  })
  return (row) => {
    if (eligible[row] !== 1) return false
    const regions = none[routes.codes[row]]
    if (regions === null) return true
    const fromUs = scheduledUs[row]
    const toUs = startUs[row] + durationUs[row]
    return regions.some((windows) => !windows.some(({ askedUs, healedUs }) => askedUs !== null && askedUs <= toUs && (healedUs ?? Infinity) + afterHealUs >= fromUs))
  }
}

/** A region that was healed is not healthy at once: gateways take it back after at least 3 s (routing defaults). */
const afterHealUs = 5_000_000
