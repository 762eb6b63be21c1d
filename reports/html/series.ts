// Rows to numbers a chart can show: every series is an array with one value a slot, and a slot is either a stretch
// of time or a phase. However many rows a run has, what comes out is a few hundred numbers a series.

import { phases, type Phase } from '../../topologies/history.ts'
import type { JudgeContext } from '../../scenarios/judging/context.ts'
import { isFailure } from '../../scenarios/judging/context.ts'
import { percentileOfSorted } from '../../scenarios/judging/statistics.ts'

/** Ways to cut a run into pieces; −1 is for what belongs to none. */
export interface Slots {
  count: number
  ofRow(row: number): number
  ofTime(atUs: number): number
}

export interface TimeSlots extends Slots { fromUs: number; toUs: number; widthUs: number }

/** At most this many stretches of time, so that a line has about one point for every three pixels of a wide page. */
const mostSlots = 240
/** No shorter: at drill rates a group has about a dozen requests in a quarter of a second. */
const shortestUs = 250_000

export function timeSlots(context: JudgeContext): TimeSlots {
  const { requests } = context.history
  const toUs = Math.max(context.plan.endUs, 1)
  const steps = [0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((seconds) => seconds * 1e6)
  const widthUs = steps.find((step) => step >= shortestUs && toUs / step <= mostSlots) ?? Math.ceil(toUs / mostSlots / 3.6e9) * 3.6e9
  const count = Math.max(1, Math.ceil(toUs / widthUs))
  const ofTime = (atUs: number): number => (atUs < 0 || atUs >= count * widthUs ? -1 : Math.floor(atUs / widthUs))
  return { count, fromUs: 0, toUs: count * widthUs, widthUs, ofTime, ofRow: (row) => ofTime(requests.scheduledUs[row]) }
}

/** One slot a phase in which anything was planned; `names` are the phases by slot. */
export function phaseSlots(context: JudgeContext): Slots & { names: Phase[] } {
  const names = phases.filter((phase) => context.phases.some((window) => window.phase === phase))
  const ofTime = (atUs: number): number => {
    const window = context.phases.find(({ fromUs, toUs }) => atUs >= fromUs && atUs < toUs)
    return window === undefined ? -1 : names.indexOf(window.phase)
  }
  return {
    names, count: names.length, ofTime,
    ofRow: (row) => {
      const phase = context.phaseOf(row)
      return phase === null ? -1 : names.indexOf(phase)
    },
  }
}

const rowsOf = new WeakMap<JudgeContext, Int32Array>()

/** What clients sent: the load and the prober, never the pinned probes. Row numbers, once for all charts of a page. */
function clientRows(context: JudgeContext): Int32Array {
  const known = rowsOf.get(context)
  if (known !== undefined) return known
  const { requests } = context.history
  const client = requests.source.values.map((source) => source === 'load' || source === 'prober')
  const { codes } = requests.source
  const rows = new Int32Array(requests.length)
  let count = 0
  for (let row = 0; row < codes.length; row++) if (client[codes[row]]) rows[count++] = row
  const chosen = rows.slice(0, count)
  rowsOf.set(context, chosen)
  return chosen
}

/** Null where a slot has no sample. Milliseconds. */
export interface Latency { group: string; region: string; samples: number; median: (number | null)[]; p99: (number | null)[] }

/** Latency of answered requests from their scheduled start, by client group and serving region; most samples first. */
export function latencies(context: JudgeContext, slots: Slots, name: (region: string) => string): Latency[] {
  const { requests } = context.history
  const { group: groups, region: regions, outcome } = requests
  const ok = outcome.codeOf('ok')
  // Several regions may go by one name.
  const named = regions.values.map((region) => (region === '' ? '' : name(region)))
  const firstOfName = named.map((one) => named.indexOf(one))
  const lists: ({ group: string; region: string; samples: number; values: number[][] } | undefined)[] = []
  for (const row of clientRows(context)) {
    const slot = slots.ofRow(row)
    const region = regions.codes[row]
    if (slot < 0 || outcome.codes[row] !== ok || regions.values[region] === '') continue
    const key = groups.codes[row] * named.length + firstOfName[region]
    const list = lists[key] ??= {
      group: groups.at(row), region: named[region], samples: 0, values: Array.from({ length: slots.count }, () => []),
    }
    list.values[slot].push(context.latencyMs(row))
    list.samples++
  }
  return lists.filter((list) => list !== undefined).sort((a, b) => b.samples - a.samples).map(({ group, region, samples, values }) => {
    const sorted = values.map((list) => Float64Array.from(list).sort())
    const at = (p: number): (number | null)[] => sorted.map((list) => (list.length === 0 ? null : percentileOfSorted(list, p)))
    return { group, region, samples, median: at(50), p99: at(99) }
  })
}

/** Counts a slot, by name. */
export type Counted = Map<string, Float64Array>

function counter(slots: Slots): { counts: Counted; add(name: string, slot: number): void } {
  const counts: Counted = new Map()
  return {
    counts,
    add(name, slot) {
      if (slot < 0) return
      let list = counts.get(name)
      if (list === undefined) counts.set(name, list = new Float64Array(slots.count))
      list[slot]++
    },
  }
}

/** Requests that went wrong, by outcome; `slow` are answered ones over normal + 250 ms. */
export function troubles(context: JudgeContext, slots: Slots): Counted {
  const { requests } = context.history
  const { counts, add } = counter(slots)
  for (const row of clientRows(context)) {
    const outcome = requests.outcome.at(row)
    if (isFailure(outcome) || outcome === 'residency' || outcome === 'access-denied' || outcome === 'lost') add(outcome, slots.ofRow(row))
    else if (context.slow(row) === true) add('slow', slots.ofRow(row))
  }
  return counts
}

/** Requests by the region that served them; '' counts those that none served. */
export function served(context: JudgeContext, slots: Slots, name: (region: string) => string): Counted {
  const { requests } = context.history
  const { counts, add } = counter(slots)
  for (const row of clientRows(context)) {
    if (requests.outcome.at(row) === 'lost') continue
    const region = requests.region.at(row)
    add(region === '' ? '' : name(region), slots.ofRow(row))
  }
  return counts
}

/** Requests by client group, then by serving region. */
export function servedByGroup(context: JudgeContext, slots: Slots): Map<string, Counted> {
  const { requests } = context.history
  const groups = new Map<string, ReturnType<typeof counter>>()
  for (const row of clientRows(context)) {
    if (requests.outcome.at(row) === 'lost') continue
    const group = requests.group.at(row)
    let counts = groups.get(group)
    if (counts === undefined) groups.set(group, counts = counter(slots))
    counts.add(requests.region.at(row), slots.ofRow(row))
  }
  return new Map([...groups].map(([group, { counts }]) => [group, counts]))
}

/** Attempts beyond the first, by reason. */
export function extraAttempts(context: JudgeContext, slots: Slots): Counted {
  const { attempts } = context.history
  const { counts, add } = counter(slots)
  for (let row = 0; row < attempts.length; row++) {
    const reason = attempts.reason.at(row)
    if (reason === 'hedge' || reason === 'retry') add(reason, slots.ofTime(attempts.startUs[row]))
  }
  return counts
}

export interface Machine { cpuShare: (number | null)[]; loopLagMs: (number | null)[] }

/** Worst sample of each slot. A sample tells of the time since the one before, so slots between two take the later one. */
export function machine(context: JudgeContext, slots: Slots): Machine {
  const cpuShare: (number | null)[] = Array.from({ length: slots.count }, () => null)
  const loopLagMs = cpuShare.slice()
  for (const event of context.history.events) {
    if (event.kind !== 'machine') continue
    const slot = slots.ofTime(event.atUs)
    if (slot < 0) continue
    cpuShare[slot] = Math.max(cpuShare[slot] ?? 0, event.cpuShare)
    loopLagMs[slot] = Math.max(loopLagMs[slot] ?? 0, event.loopLagP99Ms)
  }
  for (let slot = slots.count - 2; slot >= 0; slot--) {
    cpuShare[slot] ??= cpuShare[slot + 1]
    loopLagMs[slot] ??= loopLagMs[slot + 1]
  }
  return { cpuShare, loopLagMs }
}
