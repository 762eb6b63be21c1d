// The generator was not the bottleneck: it sent all that the schedule asked for, on time. A generator that
// falls behind measures itself.

import { countArrivals } from '../../topologies/arrivals.ts'
import type { Requests } from '../../topologies/history/table.ts'
import type { LoadSpec } from '../../topologies/substrate.ts'
import type { JudgeContext } from '../judging/context.ts'
import { formatCount, formatMs, percentile, rounded } from '../judging/statistics.ts'
import type { Rule } from './check.ts'

/** k6 may begin one iteration fewer or more where a scenario ends. In virtual time there is no k6: its arrivals are played as scheduled. */
const k6Tolerance = 1

export const generator: Rule = {
  name: 'generator',
  group: 'validity',
  evaluate(context) {
    const resolutionMs = context.plan.scenario.prober.intervalMs
    const lag = sendLag(context)
    const problems = [...missingArrivals(context), ...lostRows(context), ...toolProblems(context)]
    if (lag.p99Ms === null) problems.push('no request of load or prober was sent')
    else if (lag.p99Ms > resolutionMs) problems.push(`p99 send lag of ${lag.source} is ${formatMs(lag.p99Ms)}`)
    return [{
      name: 'generator', group: 'validity', verdict: problems.length === 0 ? 'pass' : 'inconclusive',
      objective: `every scheduled request sent, p99 send lag <= ${formatMs(resolutionMs)}, none dropped`,
      observed: lag.p99Ms === null ? null : rounded(lag.p99Ms), unit: 'ms',
      evidence: problems.length > 0 ? problems : [`p99 send lag of ${lag.source} ${formatMs(lag.p99Ms as number)}, ${formatCount(context.history.requests.length)} requests`],
    }]
  },
}

/** The worse of load and prober. */
function sendLag(context: JudgeContext): { source: string; p99Ms: number | null } {
  const { requests } = context.history
  const lags = ['load', 'prober'].flatMap((source) => {
    const rows = context.select({ source })
    return rows.length === 0 ? [] : [{ source, p99Ms: percentile(Float64Array.from(rows, (row) => (requests.startUs[row] - requests.scheduledUs[row]) / 1000), 99) }]
  })
  return lags.sort((a, b) => b.p99Ms - a.p99Ms)[0] ?? { source: 'nothing', p99Ms: null }
}

interface Expected { count: number; tolerance: number; counted: boolean }

/** Hand-written suites make their own schedule: of those only that they sent anything can be told. */
function missingArrivals({ run, plan, history: { requests } }: JudgeContext): string[] {
  const byK6 = (engine: LoadSpec['engine']): boolean => engine === 'k6' && run.time !== 'virtual'
  const expected = new Map<string, Expected>()
  for (const load of plan.loads) {
    const byHand = byK6(load.engine) && plan.scenario.loads.some((block) => block.name === load.name && block.suite !== null)
    load.streams.forEach((stream, index) => {
      const key = streamName(load.source, stream.group, stream.pinned ?? '')
      const sum = expected.get(key) ?? { count: 0, tolerance: 0, counted: true }
      sum.count += countArrivals(load, index)
      sum.tolerance += byK6(load.engine) ? k6Tolerance : 0
      sum.counted &&= !byHand
      expected.set(key, sum)
    })
  }
  const sent = rowsByStream(requests)
  return [...expected].flatMap(([key, { count, tolerance, counted }]) => {
    const rows = sent.get(key) ?? 0
    const short = counted ? rows < count - tolerance : rows === 0 && count > 0
    return short ? [`${key}: ${formatCount(rows)} of ${formatCount(count)} scheduled requests are on record`] : []
  })
}

function rowsByStream(requests: Requests): Map<string, number> {
  const { source, group, pinned } = requests
  const counts = new Map<number, number>()
  const codes = (row: number): number => (source.codes[row] * group.values.length + group.codes[row]) * pinned.values.length + pinned.codes[row]
  const first = new Map<number, number>()
  for (let row = 0; row < requests.length; row++) {
    const key = codes(row)
    if (!counts.has(key)) first.set(key, row)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return new Map([...first].map(([key, row]) => [streamName(source.at(row), group.at(row), pinned.at(row)), counts.get(key) ?? 0]))
}

function streamName(source: string, group: string, pinned: string): string {
  return `${source} of ${group}${pinned === '' ? '' : ` pinned to ${pinned}`}`
}

/** In virtual time nothing is dropped: a row without an end is a request that the simulated world forgot. */
function lostRows({ run, history: { requests } }: JudgeContext): string[] {
  const lost = requests.outcome.codeOf('lost')
  let count = 0
  for (let row = 0; row < requests.length; row++) if (requests.outcome.codes[row] === lost) count++
  return count === 0 || lost === -1 ? [] : [`${formatCount(count)} requests ${run.time === 'virtual' ? 'never came to an end' : 'were dropped by the generator'}`]
}

/** A generator's own summary: `{"name":…,"scheduled":…,"dropped":…,"unfinished":…}` as the text of a tool event. */
function toolProblems({ history }: JudgeContext): string[] {
  return history.events.flatMap((event) => {
    if (event.kind !== 'tool' || !event.text.startsWith('{')) return []
    const summary = parsed(event.text)
    return (['dropped', 'unfinished'] as const).flatMap((key) => {
      const count = summary?.[key]
      return typeof count === 'number' && count > 0 ? [`${event.tool}: ${formatCount(count)} requests ${key}`] : []
    })
  })
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return null
  }
}
