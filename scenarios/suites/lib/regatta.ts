// What every k6 suite shares: open-loop scenarios from a load, requests through a group's way in, and one
// compact line a request on the console, from which the run's history is rebuilt. Runs inside k6, not in Node.
//
// Environment (set by whoever starts k6): REGATTA_WAYS, addresses by stream; REGATTA_TOKEN, for pinned
// requests; REGATTA_GATE, asked once for the moment to start (optional); REGATTA_MAILBOX, where the moment is left by
// those who cannot be asked, as in a pod (optional); REGATTA_LOAD, the load as JSON, for suites that are written by
// hand; REGATTA_RUNNERS, how many k6 share the load, each an execution segment of it (1 when absent).

import { sleep } from 'k6'
import exec from 'k6/execution'
import http, { type RefinedResponse } from 'k6/http'
import type { Options, Scenario } from 'k6/options'
import { requestId, streamLabel, templateAt } from '../../../topologies/arrivals.ts'
import { clientTraceparent } from '../../../topologies/client-trace.ts'
import type { LoadSpec, RequestTemplate, StreamSpec } from '../../../topologies/substrate.ts'

export type { LoadSpec } from '../../../topologies/substrate.ts'

/** How the requests of a stream enter; as written into REGATTA_WAYS. */
export interface K6Way { kind: 'edge' | 'direct' | 'list'; addresses: string[]; tryTimeoutMs: number }

/** How long a list passes over an address that failed. Each VU is a client of its own and remembers for itself. */
const passOverMs = 1000
/** VUs above what the patience of clients can occupy, for the jitter of the scheduler; for each k6 that shares the load. */
const spareVus = 4 * Number(__ENV.REGATTA_RUNNERS ?? 1)
/** How often a mailbox is looked into, seconds. */
const lookEveryS = 0.01

/** The load that the starter handed over. Throws with a hint when k6 is run by hand without one. */
export function loadFromEnvironment(): LoadSpec {
  if (__ENV.REGATTA_LOAD === undefined) {
    throw new Error('REGATTA_LOAD is not set: start this suite with `regatta run`, or set it to a load as JSON')
  }
  return JSON.parse(__ENV.REGATTA_LOAD) as LoadSpec
}

/** Options that keep k6 small beside what it measures. Thresholds are not k6's business here: the verdict is ours. */
export function optionsFor(scenarios: Record<string, Scenario>): Options {
  return {
    scenarios,
    discardResponseBodies: true,
    noConnectionReuse: false,
    noVUConnectionReuse: false,
    setupTimeout: '15m',
    systemTags: [],
    summaryTrendStats: ['med'],
    userAgent: 'regatta-k6',
  }
}

/** One constant-arrival-rate scenario a stream, with exactly the arrivals of the plan. */
export function scenariosOf(load: LoadSpec): Record<string, Scenario> {
  const windowUs = load.toUs - load.fromUs
  return Object.fromEntries(load.streams.map((stream, at) =>
    [streamLabel(load, at), arrivals(stream, stream.ratePerSecond, stream.phaseUs, windowUs - stream.phaseUs)]))
}

/** `ratePerSecond` from `startUs` on for `forUs`, microseconds from the start of the load. */
export function arrivals(stream: StreamSpec, ratePerSecond: number, startUs: number, forUs: number): Scenario {
  const periodNs = Math.round(1e9 / ratePerSecond)
  const count = Math.max(1, Math.ceil(forUs * 1000 / periodNs))
  const vus = Math.min(count, Math.ceil(ratePerSecond * stream.timeoutMs / 1000) + spareVus)
  return {
    executor: 'constant-arrival-rate',
    startTime: `${startUs}us`,
    rate: 1,
    timeUnit: `${periodNs}ns`,
    // Ends half a period after the last arrival, so that their number does not hang on a race. k6 takes no less
    // than a second: what it starts beyond the window, `iterate` leaves out.
    duration: `${Math.max(1e9, Math.round((count - 0.5) * periodNs))}ns`,
    preAllocatedVUs: vus,
    maxVUs: vus,
    gracefulStop: `${stream.timeoutMs + 1000}ms`,
  }
}

/** k6's `setup`: waits for the moment to start, so that k6 can be started early and still begins on time. */
export function waitForStart(): void {
  const { REGATTA_MAILBOX: mailbox, REGATTA_GATE: gate } = __ENV
  if (mailbox === undefined && gate === undefined) return
  const waitMs = (mailbox === undefined ? startFromGate(gate) : startFromMailbox(mailbox)) - Date.now()
  if (waitMs > 0) sleep(waitMs / 1000)
}

function startFromGate(url: string): number {
  const answer = http.get(url, { timeout: '15m', responseType: 'text', headers: { 'x-regatta-token': token() } })
  return (answer.json() as { startMs: number }).startMs
}

/** What lies in a mailbox: `ping` from outside, answered by `pong` with this clock's time; then the moment to start. */
type Mail = { ping: number } | { pong: number; nowMs: number } | { startMs: number } | null | undefined

/** k6's own setup data, which its REST API lets others read and write: nothing else in a pod can be told anything. */
function startFromMailbox(url: string): number {
  console.log('waiting')
  for (;;) {
    const mail = (http.get(url, { responseType: 'text' }).json() as { data: { attributes: { data?: Mail } } }).data.attributes.data
    if (typeof mail === 'object' && mail !== null) {
      if ('startMs' in mail) return mail.startMs
      if ('ping' in mail) http.put(url, JSON.stringify({ pong: mail.ping, nowMs: Date.now() }))
    }
    sleep(lookEveryS)
  }
}

/** `setup` of rendered suites: also says that each arrival of the plan gets exactly one row under its own name. */
export function waitForExactStart(): void {
  console.log('exact')
  waitForStart()
}

/** Plays the arrival that this iteration stands for; the name of the scenario says of which stream. */
export function iterate(load: LoadSpec): void {
  const at = load.streams.findIndex((_, index) => streamLabel(load, index) === exec.scenario.name)
  const stream = load.streams[at]
  const index = exec.scenario.iterationInTest
  if (stream.phaseUs + index * 1e6 / stream.ratePerSecond >= load.toUs - load.fromUs) return
  const scheduledMs = exec.scenario.startTime + index * 1000 / stream.ratePerSecond
  const client = { stream: exec.scenario.name, pinned: stream.pinned, timeoutMs: stream.timeoutMs, traced: stream.traced }
  send(client, requestId(exec.scenario.name, index), scheduledMs, stream.templates[templateAt(stream, index)])
}

export interface Client { /** Label of the stream (see `streamLabel`). */ stream: string; pinned: string | null; timeoutMs: number; /** Begins a trace. */ traced?: boolean }

type Response = RefinedResponse<'none'>
const waysIn: Record<string, K6Way> = JSON.parse(__ENV.REGATTA_WAYS ?? '{}')
const downUntilMs: Record<string, number> = {}
const token = (): string => __ENV.REGATTA_TOKEN ?? ''

/** Sends one request and prints its line. Returns the response, for suites that decide by it. */
export function send({ stream, pinned, timeoutMs, traced }: Client, id: string, scheduledMs: number, template: RequestTemplate): Response {
  const way = waysIn[stream]
  if (way === undefined) throw new Error(`REGATTA_WAYS has no way in for ${stream}`)
  const { method, path, host, headers, bodyBytes } = template
  const sent: Record<string, string> = { ...headers, Host: host, 'x-request-id': id }
  if (pinned !== null) Object.assign(sent, { 'x-regatta-pin': pinned, 'x-regatta-token': token() })
  if (traced === true) sent.traceparent = clientTraceparent(id)
  const body = bodyBytes === 0 ? null : 'x'.repeat(bodyBytes)
  const startMs = Date.now()
  const response = tryAddresses(way, timeoutMs, (address, patienceMs) =>
    http.request(method, `http://${address}${path}`, body, { headers: sent, timeout: patienceMs, redirects: 0, responseType: 'none' }) as Response,
  method !== 'POST' && method !== 'PATCH')
  printRow(stream, id, scheduledMs, startMs, template, response, way.kind === 'list')
  return response
}

function tryAddresses(way: K6Way, timeoutMs: number, request: (address: string, patienceMs: number) => Response, repeatable: boolean): Response {
  const nowMs = Date.now()
  const isUp = (address: string): boolean => !(downUntilMs[address] > nowMs)
  const order = way.kind === 'list' ? [...way.addresses.filter(isUp), ...way.addresses.filter((address) => !isUp(address))] : way.addresses
  for (let at = 0; ; at++) {
    const leftMs = Math.max(1, timeoutMs - (Date.now() - nowMs))
    const isLast = at === order.length - 1
    const response = request(order[at], isLast ? leftMs : Math.min(leftMs, way.tryTimeoutMs))
    if (response.status !== 0) return response
    downUntilMs[order[at]] = Date.now() + passOverMs
    const refused = response.error_code === 1212
    if (isLast || !(repeatable || refused) || leftMs <= way.tryTimeoutMs) return response
  }
}

function printRow(stream: string, id: string, scheduledMs: number, startMs: number, template: RequestTemplate, response: Response, tried: boolean): void {
  const { status, headers, timings, error_code: errorCode } = response
  // k6 times a failed or repeated request by its last step only; the clock counts the whole, to the millisecond.
  const durationMs = status === 0 || tried ? Date.now() - startMs : timings.blocked + timings.connecting + timings.duration
  console.log([
    'row', stream, id, template.name, template.method, template.bodyBytes, scheduledMs.toFixed(3), startMs, Math.round(durationMs * 1000),
    status, errorCode, headers['Content-Length'] ?? '', headers['X-Regatta-Attempts'] ?? '', headers['Server-Timing'] ?? '',
    headers['X-Echo-Region'] ?? headers['X-Regatta-Region'] ?? '', headers['X-Regatta-Gateway'] ?? '', headers['X-Regatta-Reason'] ?? '',
    headers['X-Regatta-Trace'] ?? '',
  ].join('\t'))
}
