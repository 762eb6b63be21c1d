// Requests whose trace a policy promises to keep, and whether it was: what failed or was slow is told by rows and attempts,
// which know nothing of tracing. Kept means whole at the gateway where the request entered: its own span and one of each attempt.

import type { PromotionReason } from '../../gateway/telemetry/spans/span.ts'
import { seconds, type Metric } from '../checks/check.ts'
import type { JudgeContext, Tags } from './context.ts'
import { processOf } from './places.ts'
import type { Sample } from './sample.ts'
import { blockAt, counted, samplingOf } from './sampling.ts'
import { formatCount } from './statistics.ts'
import { entrySpan, lostTo, tracesOf } from './traces.ts'

/** One request as its entry gateway saw it. */
export interface Seen {
  row: number
  gateway: string
  status: number
  failed: boolean
  attempts: number
  /** Outcome of its last attempt; '' without any. */
  lastOutcome: string
  /** From the first attempt's start to the last one's end, microseconds. */
  elapsedUs: number
  slowUs: number
}

/** Of the requests for which `owed` holds and whose policy keeps such: how many traces were kept whole. */
export function keptMetric(reason: PromotionReason, what: string, owed: (seen: Seen) => boolean): Metric {
  return {
    measure(context, { variant }): Sample {
      const traces = tracesOf(context)
      if (traces === null) return { kind: 'unknown', why: 'no span is on record' }
      const all = seenUnder(context, reason, variant === undefined ? {} : { variant })
      if (all === null) return { kind: 'unknown', why: `no policy that keeps what is ${reason} after the fact was in force` }
      const { requests } = context.history
      const process = processOf(context)
      let [kept, lost] = [0, 0]
      const missed: string[] = []
      const wanted = all.filter(owed)
      for (const seen of wanted) {
        const spans = traces.ofRequest(requests.id.at(seen.row))
        const entry = entrySpan(spans)
        const told = spans.filter((span) => span.kind === 'client' && span.process === entry?.process && span.traceId === entry.traceId).length
        if (entry !== null && told >= seen.attempts) kept++
        else if (lostTo(context, requests.startUs[seen.row], requests.startUs[seen.row] + requests.durationUs[seen.row], process(seen.gateway)) !== null) lost++
        else missed.push(`${requests.id.at(seen.row)} at ${seconds(requests.startUs[seen.row])}: ${entry === null ? 'no trace' : `${told} of ${seen.attempts} attempts`}`)
      }
      return {
        kind: 'rate', part: kept, whole: wanted.length - lost,
        evidence: [
          `${formatCount(kept)} of ${formatCount(wanted.length)} ${what} have their trace`,
          ...(lost === 0 ? [] : [`${formatCount(lost)} lost to a fault, not counted`]),
          ...missed.slice(0, 5), ...(missed.length > 5 ? [`and ${formatCount(missed.length - 5)} more`] : []),
        ],
      }
    },
  }
}

/** Requests of load and prober under a policy that keeps for this reason; null = there was no such policy. */
function seenUnder(context: JudgeContext, reason: PromotionReason, tags: Tags): Seen[] | null {
  const sampling = samplingOf(context)
  const { requests } = context.history
  const rows = context.select(tags)
  const attempts = attemptsOf(context)
  const seen: Seen[] = []
  let promised = false
  for (const row of rows) {
    const [fromUs, toUs] = [requests.startUs[row], requests.startUs[row] + requests.durationUs[row]]
    if (!counted(context, fromUs, toUs, tags.variant)) continue
    const policy = sampling.of(blockAt(context, fromUs)?.variant ?? null, requests.route.at(row))?.retroactive ?? null
    if (policy === null || !policy.keep.includes(reason)) continue
    promised = true
    const made = attempts(requests.id.at(row))
    const gateway = requests.gateway.at(row) || made.gateway
    if (gateway === '') continue
    seen.push({
      row, gateway, status: requests.status[row], failed: context.failed(row), attempts: made.count, lastOutcome: made.lastOutcome,
      elapsedUs: made.elapsedUs, slowUs: policy.slowMs * 1000,
    })
  }
  return promised ? seen : null
}

interface Made { gateway: string; count: number; lastOutcome: string; elapsedUs: number }
const none: Made = { gateway: '', count: 0, lastOutcome: '', elapsedUs: 0 }

/** What the entry gateway of a request tried: the one of its first attempt. */
function attemptsOf({ history: { attempts } }: JudgeContext): (requestId: string) => Made {
  const byRequest = new Map<string, number[]>()
  for (let row = 0; row < attempts.length; row++) {
    const id = attempts.requestId.at(row)
    const rows = byRequest.get(id)
    if (rows === undefined) byRequest.set(id, [row])
    else rows.push(row)
  }
  return (requestId) => {
    const all = byRequest.get(requestId)
    if (all === undefined) return none
    // Rows are sorted by their start: the entry gateway's comes before those that it causes.
    const gateway = attempts.gateway.codes[all[0]]
    const own = all.filter((row) => attempts.gateway.codes[row] === gateway && attempts.reason.at(row) !== 'mirror')
    if (own.length === 0) return none
    const endUs = Math.max(...own.map((row) => attempts.startUs[row] + attempts.durationUs[row]))
    const last = own.reduce((found, row) => (attempts.attempt[row] >= attempts.attempt[found] ? row : found))
    return { gateway: attempts.gateway.values[gateway], count: own.length, lastOutcome: attempts.outcome.at(last), elapsedUs: endUs - attempts.startUs[own[0]] }
  }
}
