// A fault that did not bite proves nothing. Client rows cannot show it, because good failover hides it; so a pinned
// witness, which bypasses failover, must see what the primitive declares, on a path that clients really used.

import { whyUnsupported } from '../../topologies/primitives.ts'
import type { JudgeContext } from '../judging/context.ts'
import { isTold, toldOf } from '../judging/told.ts'
import { minSamples, pathSamples, steadyUse, type PathSample } from '../judging/witness.ts'
import { formatMs, formatUnit, percentile } from '../judging/statistics.ts'
import type { FaultWindow } from '../judging/windows.ts'
import type { PlannedFault } from '../scenario.ts'
import type { Check, VerdictValue } from '../verdict.ts'
import type { Rule } from './check.ts'

/** Attempts of steady client traffic that make a path used (the design's section 4). */
const minUse = 20
/** Share of samples that must be silent or broken while the fault is in force, and may be before. */
const mostDuring = 0.5
const fewBefore = 0.1

export const faultBit: Rule = {
  name: 'fault-bit',
  group: 'validity',
  evaluate(context) {
    const byFault = Map.groupBy(context.faults, ({ fault }) => fault.name)
    return [...byFault].map(([name, windows]) => judgeFault(context, name, windows))
  },
}

interface Observation { verdict: VerdictValue; text: string }

function judgeFault(context: JudgeContext, name: string, windows: readonly FaultWindow[]): Check {
  const bySymptom = Map.groupBy(windows, ({ fault }) => JSON.stringify([fault.symptom, fault.paths]))
  const observations = [...bySymptom.values()].flatMap((same) => observe(context, same))
  const bit = observations.length > 0 && observations.every(({ verdict }) => verdict === 'pass')
  return {
    name: `fault-bit ${name}`, group: 'validity', verdict: bit ? 'pass' : 'inconclusive',
    objective: `a witness sees fault ${name} (${[...new Set(windows.map(({ fault }) => describe(fault)))].join('; ')}) on a path that clients use`,
    observed: observations.filter(({ verdict }) => verdict === 'pass').length, unit: 'paths',
    evidence: [...(bit ? [] : [`fault ${name} did not bite, or it cannot be shown that it did`]), ...observations.map(({ text }) => text)],
  }
}

function describe({ kind, symptom }: PlannedFault): string {
  const by = symptom.byMs === undefined ? '' : ` by ${formatMs(symptom.byMs)}`
  const from = symptom.share === undefined ? '' : ` from ${formatUnit(symptom.share, 'share')}`
  return `${kind}: ${symptom.expect}${by}${from}`
}

/** Windows of one fault that must show the same on the same paths: taken together, because flaps are short. */
function observe(context: JudgeContext, windows: readonly FaultWindow[]): Observation[] {
  const { fault } = windows[0]
  const why = whyUnsupported(context.run.capabilities, fault.primitive)
  if (why !== null) return [{ verdict: 'inconclusive', text: `unsupported: ${context.run.substrate} cannot ${fault.primitive.kind}: ${why}` }]
  if (windows.some(({ inForceUs, healAskedUs }) => inForceUs === null || healAskedUs === null)) {
    return [{ verdict: 'inconclusive', text: `${fault.primitive.kind} ${fault.index} was not in force, or not healed` }]
  }
  if (fault.symptom.expect === 'none') return [{ verdict: 'pass', text: `${fault.primitive.kind} ${fault.index} shows no symptom to clients; it was in force` }]
  const told = isTold(fault.symptom.expect) ? toldOf(context, windows, fault.symptom.expect) : null
  if (told !== null && fault.paths.length === 0) return told.map(({ seen, text }) => ({ verdict: seen ? 'pass' : 'inconclusive', text }))
  if (fault.paths.length === 0) return [{ verdict: 'inconclusive', text: 'no client path crosses it' }]
  const used = fault.paths.map((path) => ({ path, use: steadyUse(context, path) }))
  const unused = used.filter(({ use }) => use < minUse)
  const notes = unused.map(({ path, use }) => `${path.group} → ${path.region}: ${use} attempts of steady client traffic, at least ${minUse} are needed`)
  if (unused.length === used.length) return notes.map((text) => ({ verdict: 'inconclusive', text }))
  return [
    ...(told === null
      ? used.filter(({ use }) => use >= minUse).map(({ path, use }) => judgePath(context, windows, path, use))
      : told.map(({ seen, text }): Observation => ({ verdict: seen ? 'pass' : 'inconclusive', text }))),
    ...notes.map((text): Observation => ({ verdict: 'pass', text: `${text}: not judged` })),
  ]
}

function judgePath(context: JudgeContext, windows: readonly FaultWindow[], path: PlannedFault['paths'][number], use: number): Observation {
  const { symptom } = windows[0].fault
  const { before, during, by } = pathSamples(context, path, windows, (sample) => shows(symptom.expect, sample))
  const head = `${path.group} → ${path.region} (${use} attempts in steady, ${by}):`
  if (before.length < minSamples || during.length < minSamples) {
    return { verdict: 'inconclusive', text: `${head} ${before.length} samples before and ${during.length} in the fault are too few` }
  }
  const [seen, text] = compare(symptom, before, during)
  return { verdict: seen ? 'pass' : 'inconclusive', text: `${head} ${text}` }
}

function compare(symptom: PlannedFault['symptom'], before: readonly PathSample[], during: readonly PathSample[]): [boolean, string] {
  if (symptom.expect === 'slower' && symptom.share === undefined) {
    const [was, is] = [before, during].map((samples) => percentile(Float64Array.from(samples, latency), 50))
    return [is - was >= (symptom.byMs ?? 0), `median ${formatMs(was)} before, ${Number.isFinite(is) ? formatMs(is) : 'no answer'} in the fault`]
  }
  const normalMs = percentile(Float64Array.from(before, latency), 50)
  const shown = (sample: PathSample): boolean => symptom.expect === 'slower' ? latency(sample) >= normalMs + (symptom.byMs ?? 0) : shows(symptom.expect, sample)
  const share = (samples: readonly PathSample[]): number => samples.filter(shown).length / samples.length
  const [was, is] = [share(before), share(during)]
  const seen = symptom.share !== undefined || symptom.expect === 'errors' ? is - was >= (symptom.share ?? mostDuring) : is >= mostDuring && was <= fewBefore
  return [seen, `${symptom.expect} ${formatUnit(was, 'share')} of ${before.length} before, ${formatUnit(is, 'share')} of ${during.length} in the fault`]
}

function latency(sample: PathSample): number {
  return sample.outcome === 'timeout' ? Infinity : sample.latencyMs
}

/** What one sample says. Behind a gateway silence is a 504, and a broken connection a 502 or 503 that no service sent. */
function shows(expect: PlannedFault['symptom']['expect'], sample: PathSample): boolean {
  const { outcome, status, answered } = sample
  switch (expect) {
    // A pinned witness bypasses the gateways' failover, not a mesh's: that this one had to act shows as much as silence.
    case 'unavailable': return shows('silent', sample) || shows('broken', sample) || sample.moved
    case 'errors': return outcome === '5xx' || status >= 500 || sample.moved
    case 'silent': return outcome === 'timeout' || status === 504
    case 'broken': return outcome === 'refused' || outcome === 'reset' || outcome === 'closed' || (!answered && (status === 502 || status === 503))
    default: return false
  }
}
