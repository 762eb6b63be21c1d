// The generator was not the bottleneck: it sent all that the schedule asked for, on time. A generator that
// falls behind measures itself.

import { countArrivals } from '../../topologies/arrivals.ts'
import type { Requests } from '../../topologies/history/table.ts'
import type { LoadSpec } from '../../topologies/substrate.ts'
import type { JudgeContext } from '../judging/context.ts'
import { valuesOf } from '../judging/rows.ts'
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
  const { startUs, scheduledUs } = context.history.requests
  const lags = ['load', 'prober'].flatMap((source) => {
    const rows = context.select({ source })
    return rows.length === 0 ? [] : [{ source, p99Ms: percentile(valuesOf(rows, (row) => (startUs[row] - scheduledUs[row]) / 1000), 99) }]
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
  const { source: { codes: sources, values: sourceNames }, group: { codes: groups, values: groupNames }, pinned: { codes: pins, values: pinNames } } = requests
  const counts = new Uint32Array(sourceNames.length * groupNames.length * pinNames.length)
  for (let row = 0; row < sources.length; row++) counts[(sources[row] * groupNames.length + groups[row]) * pinNames.length + pins[row]]++
  const names = sourceNames.flatMap((source) => groupNames.flatMap((group) => pinNames.map((pinned) => streamName(source, group, pinned))))
  return new Map(names.map((name, key) => [name, counts[key]]))
}

function streamName(source: string, group: string, pinned: string): string {
  return `${source} of ${group}${pinned === '' ? '' : ` pinned to ${pinned}`}`
}

/** What was due while as much was out as the generator may have out. */
function lostRows({ history: { requests } }: JudgeContext): string[] {
  const { codes } = requests.outcome
  const lost = requests.outcome.codeOf('lost')
  let count = 0
  for (let row = 0; row < codes.length; row++) if (codes[row] === lost) count++
  return count === 0 || lost === -1 ? [] : [`${formatCount(count)} requests were dropped by the generator`]
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
