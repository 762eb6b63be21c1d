// Made-up runs for tests of what is judged of tracing: one in which every request has its whole trace, and one of nothing but
// blocks, with what each cost.

import type { AttemptRow, HistoryEvent, RequestRow, SpanRow } from '../topologies/history.ts'
import { clientTrace } from '../topologies/client-trace.ts'
import { fixture, times, type Fixture } from './judging.case.ts'
import type { Plan, PlannedBlock } from './scenario.ts'
import { usualTracing } from './tracing.ts'

const s = 1_000_000
export const edge = 'edge/frankfurt'

/** The outage of `judging.case.ts`, traced from end to end: an edge, the gateway of a region, a service. */
export function tracedFixture(change: (plan: Plan) => void = () => {}): Fixture {
  const made = fixture((plan) => {
    plan.scenario.tracing = { ...usualTracing }
    for (const load of plan.loads) if (load.source === 'load' || load.source === 'prober') for (const stream of load.streams) stream.traced = true
    change(plan)
  })
  for (const row of made.rows) row.sampled = row.pinned === '' && row.gateway !== ''
  const attempts = new Map(made.attempts.map((attempt) => [attempt.requestId, attempt]))
  made.spans = made.rows.filter(({ sampled }) => sampled).flatMap((row) => spansOf(row, attempts.get(row.id)!))
  made.events.push(...redEvents(made), ...tracingEvents(made.spans.length))
  return made
}

const common = { requestId: '', route: 'shop/orders/0', service: 'shop/orders:80', outcome: 'ok', kept: 'policy', adjustedCount: 1, attempt: 0, target: '' }

/** Five spans: server and client of the edge, the same of the region's gateway, and the service's. */
export function spansOf({ id, startUs, durationUs, status }: RequestRow, { region }: Pick<AttemptRow, 'region'>, retried = 0): SpanRow[] {
  const { traceId, spanId: client } = clientTrace(id)
  const span = (number: number): string => `${traceId.slice(0, 15)}${number}`
  const at = (depth: number): Pick<SpanRow, 'startUs' | 'durationUs'> => ({ startUs: startUs + depth * 10, durationUs: durationUs - depth * 20 })
  const own = { ...common, traceId, requestId: id, region, status }
  return [
    { ...own, ...at(0), spanId: span(0), parentSpanId: client, process: edge, kind: 'server', name: 'GET' },
    { ...own, ...at(1), spanId: span(1), parentSpanId: span(0), process: edge, kind: 'client', name: 'GET', target: `link:${region}:127.0.0.1:1`, attempt: retried },
    { ...own, ...at(2), spanId: span(2), parentSpanId: span(1), process: `gateway/${region}`, kind: 'server', name: 'GET' },
    { ...own, ...at(3), spanId: span(3), parentSpanId: span(2), process: `gateway/${region}`, kind: 'client', name: 'GET', target: 'endpoint:127.0.0.1:1' },
    { ...own, ...at(4), spanId: span(4), parentSpanId: span(3), process: `services/${region}`, kind: 'server', name: 'GET', service: 'shop/orders:8080', requestId: id },
  ]
}

/** What the edge counted each second: exactly what it answered. */
function redEvents({ rows }: Fixture): HistoryEvent[] {
  return Array.from({ length: 20 }, (_, second): HistoryEvent => {
    const ended = rows.filter(({ gateway, startUs, durationUs }) => gateway === 'frankfurt' && Math.floor((startUs + durationUs) / s) === second).length
    const durations = { scale: 0, count: ended, sum: 0, min: 0, max: 0, zeroCount: 0, offset: 0, counts: [] }
    return {
      atUs: (second + 1) * s, source: edge, kind: 'red',
      report: {
        gateway: 'frankfurt', sequence: second + 1, fromUs: second * s, toUs: (second + 1) * s, refusedClients: [], sampling: [], regions: [], certificates: [],
        series: ended === 0 ? [] : [{ labels: { route: 'shop/orders/0', tenant: 'shop', region: 'eu-west', protocol: 'http/1.1' }, outcomes: { ok: ended }, retries: 0, hedges: 0, durations, exemplars: [] }],
      },
    }
  })
}

export function tracingEvent(atUs: number, kept: number, shed = 0, failed = 0): HistoryEvent {
  return {
    atUs, source: edge, kind: 'tracing',
    counts: {
      requests: kept, sampled: kept, recorded: kept, kept, promoted: { error: 0, slow: 0, failover: 0, shed: 0 }, overwritten: 0, lostToRing: 0, untold: 0,
      restarted: 0, ringBytes: 0,
    },
    exported: { queued: 0, sent: kept - shed - failed, sentBytes: kept * 100, shed, failed },
  }
}

const tracingEvents = (spans: number): HistoryEvent[] => [tracingEvent(5 * s, Math.floor(spans / 2)), tracingEvent(times.end, spans)]

export const variantNames = ['off', 'always-on', 'adaptive'] as const
const lengthUs = 6 * s
const firstUs = 2 * s

/** Rounds of three variants without a fault. Microseconds of processor time (of the yardstick: `yardstickUs`, where it is told) and octets of a request. */
export function blocksFixture(rounds: number, costs: (round: number, variant: string) => { cpuUs: number; bytes: number; yardstickUs?: number }): Fixture {
  const blocks = Array.from({ length: rounds * variantNames.length }, (_, index): PlannedBlock => {
    const round = Math.floor(index / variantNames.length)
    const fromUs = firstUs + index * lengthUs
    return { variant: variantNames[(round + index) % variantNames.length], round: round + 1, fromUs, settledUs: fromUs + s, toUs: fromUs + lengthUs }
  })
  const endUs = firstUs + blocks.length * lengthUs
  const made = fixture((plan) => {
    plan.scenario.tracing = { ...usualTracing }
    plan.scenario.blocks = { rounds, lengthUs, settleUs: s, variants: variantNames.map((name) => ({ name, config: [] })) }
    Object.assign(plan, { blocks, faults: [], affectedGroups: [], endUs, loads: plan.loads.filter(({ name }) => name === 'load').map((load) => ({ ...load, toUs: endUs })) })
  })
  made.events = [{ atUs: firstUs, source: 'run', kind: 'phase', phase: 'fault' }]
  let bytes = 0
  let yardstickUs = 0
  for (let atUs = 0; atUs <= endUs; atUs += s) {
    const block = blocks.find(({ fromUs, toUs }) => atUs > fromUs && atUs <= toUs)
    const cost = block === undefined ? { cpuUs: 0, bytes: 0, yardstickUs: 0 } : costs(block.round, block.variant)
    const requests = 50
    made.events.push({ atUs, source: edge, kind: 'usage', cpuUs: cost.cpuUs * requests, rssBytes: 1, requests, loopLagP99Us: 1 })
    bytes += cost.bytes * requests
    yardstickUs += (cost.yardstickUs ?? 0) * requests
    made.events.push({ atUs, source: 'run', kind: 'machine', cpuShare: 0.5, loopLagP99Ms: 1, freeBytes: 1, ...(cost.yardstickUs === undefined ? {} : { processes: { 'fault-proxy': yardstickUs, 'services/eu-west': yardstickUs / 2, 'services/us-east': yardstickUs / 2, 'k6/shop': atUs } }) })
    made.events.push({ atUs, source: 'collector', kind: 'collector', senders: { [edge]: { spans: 1, bytes, requests: 1 } }, refused: 0 })
  }
  return made
}
