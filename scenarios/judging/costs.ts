// What requests cost in each block: processor time of the gateways, from what each tells every second, and octets of spans.
// A second counts when all of it lies within what counts of a block; for processor time also outside faults and their ramps,
// because a gateway that fails over does other work. A lead is in no round: nothing was played beside it.

import type { HistoryEvent } from '../../topologies/history.ts'
import type { PlannedBlock } from '../scenario.ts'
import { allVariant, offVariant } from '../tracing.ts'
import type { JudgeContext } from './context.ts'
import { isGateway } from './places.ts'
import type { Round } from './rounds.ts'
import { mean } from './statistics.ts'

/** After a healing: 3 s until a region is taken back, 10 s of ramp (routing defaults), 2 s to settle. */
const rampUs = 15_000_000
/** Seconds of all gateways together that a block needs to be believed about processor time. */
const leastSeconds = 5

export interface BlockCost { block: PlannedBlock; cpuUs: number; requests: number; seconds: number }

/**
 * Processes that do the same work for a request whatever gateways trace: what a block costs them tells how slow the machine was
 * just then. On shared machines that drifts by a fifth within seconds, most alike for processes of one kind; so services, where
 * they tell no spans of their own, and else the fault proxy.
 */
export function yardstickOf({ plan }: JudgeContext): { name: string; is(process: string): boolean } {
  return plan.scenario.tracing?.services === false
    ? { name: 'the services', is: (process) => process.startsWith('services/') } : { name: 'the fault proxy', is: (process) => process === 'fault-proxy' }
}

/** Processor time of each block; `requests` are those that the gateways themselves counted. */
export function processorCosts(context: JudgeContext): BlockCost[] {
  const costs = inRounds(context).map((block): BlockCost => ({ block, cpuUs: 0, requests: 0, seconds: 0 }))
  for (const events of usageBySource(context).values()) {
    for (let i = 1; i < events.length; i++) {
      const [fromUs, toUs] = [events[i - 1].atUs, events[i].atUs]
      const cost = costs.find(({ block }) => fromUs >= block.settledUs && toUs <= block.toUs)
      if (cost === undefined || disturbed(context, fromUs, toUs)) continue
      cost.cpuUs += events[i].cpuUs
      cost.requests += events[i].requests
      cost.seconds++
    }
  }
  return costs
}

function inRounds({ plan }: JudgeContext): PlannedBlock[] {
  return (plan.blocks ?? []).filter(({ round }) => round > 0)
}

type Usage = Extract<HistoryEvent, { kind: 'usage' }>

function usageBySource({ history: { events } }: JudgeContext): Map<string, Usage[]> {
  const bySource = new Map<string, Usage[]>()
  for (const event of events) {
    if (event.kind !== 'usage' || !isGateway(event.source)) continue
    const list = bySource.get(event.source)
    if (list === undefined) bySource.set(event.source, [event])
    else list.push(event)
  }
  return bySource
}

function disturbed({ faults }: JudgeContext, fromUs: number, toUs: number): boolean {
  return faults.some(({ askedUs, healedUs }) => askedUs !== null && toUs > askedUs && fromUs < (healedUs ?? Infinity) + rampUs)
}

/**
 * Rounds in which the variant, `off` and `always-on` all have enough undisturbed seconds; microseconds a request, as the machine
 * was on average: each block's cost over that of the yardstick in it. As they are where the yardstick is not told.
 */
export function processorRounds(context: JudgeContext, variant: string): Round[] {
  const speeds = slowness(context)
  return roundsOf(processorCosts(context), variant, ({ block, cpuUs, requests, seconds }) => {
    if (seconds < leastSeconds || requests === 0) return null
    if (speeds === null) return cpuUs / requests
    const slow = speeds.get(block)
    return slow === undefined ? null : cpuUs / requests / slow
  })
}

/** How slow the machine was in each block, as the yardstick was: its cost of a request over its mean. Null: nobody tells. */
export function slowness(context: JudgeContext): ReadonlyMap<PlannedBlock, number> | null {
  const used = yardstickCosts(context)
  const all = mean([...used.values()])
  return used.size === 0 ? null : new Map([...used].map(([block, us]) => [block, us / all]))
}

/** Microseconds of the yardstick a request, in each block in which it was told and ran all the while. */
export function yardstickCosts(context: JudgeContext): ReadonlyMap<PlannedBlock, number> {
  let costs = known.get(context)
  if (costs === undefined) known.set(context, (costs = costsOfYardstick(context)))
  return costs
}

const known = new WeakMap<JudgeContext, ReadonlyMap<PlannedBlock, number>>()

function costsOfYardstick(context: JudgeContext): ReadonlyMap<PlannedBlock, number> {
  const { is } = yardstickOf(context)
  const samples = context.history.events.filter((event) => event.kind === 'machine').map(({ atUs, processes = {} }) => {
    const names = Object.keys(processes).filter(is)
    return { atUs, processes: names.length, us: names.reduce((sum, name) => sum + processes[name], 0) }
  })
  return new Map(inRounds(context).flatMap((block): [PlannedBlock, number][] => {
    let [us, requests] = [0, 0]
    for (let i = 1; i < samples.length; i++) {
      const [from, to] = [samples[i - 1], samples[i]]
      // One that ended meanwhile or started anew leaves no difference that could be told.
      if (from.processes === 0 || from.processes !== to.processes || to.us < from.us) continue
      if (from.atUs < block.settledUs || to.atUs > block.toUs || disturbed(context, from.atUs, to.atUs)) continue
      us += to.us - from.us
      requests += requestsWithin(context, from.atUs, to.atUs)
    }
    return requests === 0 || us === 0 ? [] : [[block, us / requests]]
  }))
}

export interface BlockBytes { block: PlannedBlock; bytes: number; requests: number }

/** Octets of spans that a collector took in each block, or gateways sent where none tells; with the requests of the same seconds. */
export function exportedBytes(context: JudgeContext): BlockBytes[] | null {
  const blocks = inRounds(context).map((block): BlockBytes => ({ block, bytes: 0, requests: 0 }))
  const series = bytesBySource(context)
  if (series.size === 0) return null
  for (const entry of blocks) {
    const { settledUs, toUs } = entry.block
    for (const points of series.values()) {
      const within = points.filter(({ atUs }) => atUs >= settledUs && atUs <= toUs)
      for (let i = 1; i < within.length; i++) entry.bytes += Math.max(0, within[i].bytes - within[i - 1].bytes)
    }
    const shared = sharedWindow([...series.values()], settledUs, toUs)
    if (shared !== null) entry.requests = requestsWithin(context, shared.fromUs, shared.toUs)
  }
  return blocks
}

interface Point { atUs: number; bytes: number }

function bytesBySource({ history: { events } }: JudgeContext): Map<string, Point[]> {
  const collectors = new Map<string, Point[]>()
  const gateways = new Map<string, Point[]>()
  const add = (map: Map<string, Point[]>, source: string, point: Point): void => {
    const list = map.get(source)
    if (list === undefined) map.set(source, [point])
    else list.push(point)
  }
  for (const event of events) {
    if (event.kind === 'collector') add(collectors, event.source, { atUs: event.atUs, bytes: Object.values(event.senders).reduce((sum, { bytes }) => sum + bytes, 0) })
    if (event.kind === 'tracing') add(gateways, event.source, { atUs: event.atUs, bytes: event.exported.sentBytes })
  }
  return collectors.size > 0 ? collectors : gateways
}

/** From the first to the last point of the longest series: several gateways tell within the same second. */
function sharedWindow(series: readonly (readonly Point[])[], fromUs: number, toUs: number): { fromUs: number; toUs: number } | null {
  const within = series.map((points) => points.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs)).filter(({ length }) => length > 1)
  if (within.length === 0) return null
  const longest = within.reduce((found, points) => (points.length > found.length ? points : found))
  return { fromUs: longest[0].atUs, toUs: longest[longest.length - 1].atUs }
}

/** All that was sent, whoever sent it: probes are traced as any request is. */
function requestsWithin({ history: { requests } }: JudgeContext, fromUs: number, toUs: number): number {
  let count = 0
  const lost = requests.outcome.codeOf('lost')
  for (let row = 0; row < requests.length; row++) {
    if (requests.startUs[row] >= fromUs && requests.startUs[row] < toUs && requests.outcome.codes[row] !== lost) count++
  }
  return count
}

export function bytesRounds(blocks: readonly BlockBytes[], variant: string): Round[] {
  return roundsOf(blocks, variant, ({ bytes, requests }) => (requests > 0 ? bytes / requests : null), 0)
}

/** `off` given: what it costs without tracing is known. Rounds in which one of the blocks has no cost are left out. */
function roundsOf<Cost extends { block: PlannedBlock }>(costs: readonly Cost[], variant: string, of: (cost: Cost) => number | null, off?: number): Round[] {
  const find = (round: number, name: string): number | null => {
    const cost = costs.find(({ block }) => block.round === round && block.variant === name)
    return cost === undefined ? null : of(cost)
  }
  const numbers = [...new Set(costs.map(({ block }) => block.round))].sort((a, b) => a - b)
  return numbers.flatMap((round) => {
    const [none, all, subject] = [off ?? find(round, offVariant), find(round, allVariant), find(round, variant)]
    return none === null || all === null || subject === null ? [] : [{ round, off: none, all, subject }]
  })
}
