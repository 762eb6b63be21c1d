// Whether gateways stay within the spans a second that their policies allow: by gateway, policy and minute, the spans of requests
// that were sampled there against the budget. Minutes in which an anomaly had raised the rate are meant to be above it, and are
// left out; so is what is kept after the fact, which no budget bounds.

import type { HistoryEvent } from '../../topologies/history.ts'
import type { JudgeContext } from '../judging/context.ts'
import { counted } from '../judging/sampling.ts'
import { formatCount, formatUnit } from '../judging/statistics.ts'
import { seconds, type Metric } from './check.ts'

const minuteUs = 60_000_000
/** Of a window, so that the last one of a run or of a block still counts. */
const leastShare = 0.5

export const samplingBudget: Metric = {
  measure(context, { gateway, variant }) {
    const windows = windowsOf(context, gateway, variant)
    const calm = windows.filter(({ raised }) => !raised)
    if (windows.length === 0) return { kind: 'unknown', why: 'no gateway told of spans under a budget' }
    if (calm.length === 0) return { kind: 'unknown', why: 'an anomaly had raised the rate all the time' }
    const worst = calm.reduce((found, window) => (Math.abs(ratio(window) - 1) > Math.abs(ratio(found) - 1) ? window : found))
    return {
      kind: 'trend', values: Float64Array.from(calm, ratio),
      evidence: [
        `${formatCount(calm.length)} windows of a minute, of ${formatCount(new Set(calm.map(({ key }) => key)).size)} gateways and policies`
          + (calm.length === windows.length ? '' : `; ${formatCount(windows.length - calm.length)} left out, while an anomaly had raised the rate`),
        `farthest off: ${worst.key} from ${seconds(worst.fromUs)}: ${formatUnit(ratio(worst), 'share')} of ${worst.budget} spans a second`,
      ],
    }
  },
}

/** `budget`: spans a second. `toldUs`: how much of the window reports speak of. */
interface Window { key: string; fromUs: number; budget: number; spans: number; toldUs: number; raised: boolean }

const ratio = ({ spans, budget, toldUs }: Window): number => spans / (budget * (toldUs / 1e6))

type Report = Extract<HistoryEvent, { kind: 'red' }>['report']

/** Windows of gateways that decide: one that only believes what others decided spends nothing of its budget. */
function windowsOf(context: JudgeContext, gateway: string | undefined, variant: string | undefined): Window[] {
  const [{ fromUs: beginUs } = { fromUs: 0 }] = context.phases.filter(({ phase }) => phase !== 'warmup')
  const windows = new Map<string, Window>()
  for (const event of context.history.events) {
    if (event.kind !== 'red' || (gateway !== undefined && !event.source.endsWith(`/${gateway}`))) continue
    const toldUs = lengthOf(event.report)
    // The gateway's clock is its own; of the run's there is the time at which it told.
    if (event.atUs - toldUs < beginUs || !counted(context, event.atUs - toldUs, event.atUs, variant)) continue
    for (const { policy, budget, spans, raised } of event.report.sampling) {
      const fromUs = Math.floor((event.atUs - toldUs / 2) / minuteUs) * minuteUs
      const key = `${event.source} ${policy}`
      const window = windows.get(`${key} ${fromUs}`) ?? { key, fromUs, budget, spans: 0, toldUs: 0, raised: false }
      window.spans += spans
      window.toldUs += toldUs
      window.raised ||= raised
      // A policy whose budget changed is held to each for as long as it was in force.
      window.budget += ((budget - window.budget) * toldUs) / window.toldUs
      windows.set(`${key} ${fromUs}`, window)
    }
  }
  const deciding = new Set([...windows.values()].filter(({ spans }) => spans > 0).map(({ key }) => key))
  return [...windows.values()].filter(({ key, toldUs }) => deciding.has(key) && toldUs >= minuteUs * leastShare)
}

const lengthOf = ({ fromUs, toUs }: Report): number => toUs - fromUs
