// How long the gateway takes to decide: route match and the core's choice of region and target, as the data plane
// does it, beside find-my-way, which matches only. p50 from batches, in which the timer weighs nothing; p99 from
// single calls, the cost of the timer left in and stated.

import findMyWay, { type HTTPVersion, type Instance } from 'find-my-way'
import type { TargetPool } from '../../gateway/dataplane/pool.ts'
import { buildState, pickBackend, type PlaneState } from '../../gateway/dataplane/state.ts'
import { createRoutingCore } from '../../gateway/routing/index.ts'
import { RequestFlag, type RoutingCore } from '../../gateway/routing/core.ts'
import { buildRouteTable } from '../../gateway/routing/match.ts'
import type { HeaderView } from '../../gateway/routing/table.ts'
import { admits, gatewayCaller } from '../../gateway/security/access-gate.ts'
import type { SnapshotAccess } from '../../gateway/security/access.ts'
import { seededRandom } from '../../gateway/runtime.ts'
import { GatewayMetrics } from '../../gateway/telemetry/metrics.ts'
import { quantile, rotated, summarise, type Bench, type BenchContext, type BenchResult } from './bench.ts'
import { routeSet, type RouteMix, type RouteSet } from './routes.ts'

const counts = [1, 100, 1_000, 10_000]
const mixes: RouteMix[] = ['mixed', 'exact', 'prefix']
const batch = 64
const batchesPerBlock = 300
const singlesPerBlock = 20_000
const defaultRounds = 15
const noHeaders: HeaderView = { get: () => undefined }
const noPool = {} as TargetPool

/** Something that answers one request after another. `settle` puts away, untimed, what a batch has left. */
export interface Contender {
  name: string
  call(at: number): void
  settle(): void
}

export const decision: Bench = {
  name: 'decision',
  description: 'decision time at 1 to 10,000 routes, beside find-my-way, nanoseconds',
  async run(context) {
    const cases = mixes.flatMap((mix) => counts.map((count) => makeCase(mix, count)))
    const rounds = context.rounds ?? defaultRounds
    // The first round compiles the code and is not counted.
    for (let round = -1; round < rounds; round++) {
      context.progress(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
      for (const one of rotated(cases, round + 1)) playRound(one, round)
      await new Promise((resolve) => { setImmediate(resolve) })
      context.signal.throwIfAborted()
    }
    return report(cases, context)
  },
}

interface Case {
  mix: RouteMix
  count: number
  contenders: Contender[]
  /** Contender → one value a round. */
  p50: Map<string, number[]>
  p99: Map<string, number[]>
}

function makeCase(mix: RouteMix, count: number): Case {
  const set = routeSet(count, mix)
  return { mix, count, contenders: [decider(set), decider(guarded(set), 'guarded'), matcher(set), router(set)], p50: new Map(), p99: new Map() }
}

/** Match and choice: what `decision_time` of the gateway is made of. */
export function decider({ snapshot, host, paths }: Omit<RouteSet, 'patterns'>, name = 'decision'): Contender {
  // Of the data plane's state all but the connections, which no decision touches.
  const plane = buildState(snapshot, null, () => noPool, new GatewayMetrics())
  const core = createRoutingCore(plane.topology, snapshot.health, 0)
  const random = seededRandom(1)
  const sent: number[] = []
  let nowUs = 0
  return {
    name,
    call(at) {
      sent.push(decide(plane, core, host, paths[at % paths.length], random.next(), nowUs))
    },
    settle() {
      nowUs += 1000
      for (const attempt of sent.splice(0)) {
        core.head(attempt, 200, false, nowUs)
        core.finished(attempt, 'complete', true, nowUs)
        core.effects.length = 0
      }
    },
  }
}

/** The same with an access policy on every service: rules that do not fit before one that does. */
function guarded(set: RouteSet): RouteSet {
  const paths = Array.from({ length: 8 }, (_, index) => ({ type: 'PathPrefix' as const, value: `/guarded/${index}` }))
  const access: SnapshotAccess = {
    policies: ['default/guard'],
    rules: [{ principals: ['gateway'], methods: ['POST', 'GET'], paths: [...paths, { type: 'PathPrefix', value: '/' }] }],
  }
  return { ...set, snapshot: { ...set.snapshot, services: set.snapshot.services.map((service) => ({ ...service, access })) } }
}

/** Gives back the attempt, so that nothing can be left out as unused. Throws when the benchmark itself is wrong. */
function decide(plane: PlaneState, core: RoutingCore, host: string, path: string, random: number, nowUs: number): number {
  const matched = plane.table.match(host, path, '', 'GET', noHeaders)
  const backend = matched === null ? null : pickBackend(plane.routes[matched.routeIndex], random)
  if (backend === null) throw new Error(`no route for ${path}`)
  if (backend.access !== null && !admits(backend.access, gatewayCaller, 'GET', path)) throw new Error('the policy refused a request')
  const ticket = core.request(backend.plan, RequestFlag.Eligible, random, -1, nowUs)
  const { effects } = core
  if (ticket === -1 || effects.length === 0) throw new Error('the core refused a request')
  effects.length = 0
  return effects.data[2]
}

/** The match alone, which is what find-my-way does. */
function matcher({ snapshot, host, paths }: RouteSet): Contender {
  const table = buildRouteTable(snapshot.routes)
  return {
    name: 'match',
    call(at) {
      if (table.match(host, paths[at % paths.length], '', 'GET', noHeaders) === null) throw new Error('no route')
    },
    settle() {},
  }
}

/** Without host constraints, which would slow it. */
function router({ patterns, paths }: RouteSet): Contender {
  const made: Instance<HTTPVersion.V1> = findMyWay({ ignoreTrailingSlash: false })
  for (const pattern of patterns) made.on('GET', pattern, () => {})
  return {
    name: 'find_my_way',
    call(at) {
      if (made.find('GET', paths[at % paths.length]) === null) throw new Error('no route')
    },
    settle() {},
  }
}

function playRound({ contenders, p50, p99, mix }: Case, round: number): void {
  for (const contender of rotated(contenders, round + 1)) {
    const middle = quantile(batches(contender), 0.5)
    const tail = mix === 'mixed' ? quantile(singles(contender), 0.99) : null
    if (round < 0) continue
    note(p50, contender.name, middle)
    if (tail !== null) note(p99, contender.name, tail)
  }
}

function note(series: Map<string, number[]>, name: string, value: number): void {
  const values = series.get(name)
  if (values === undefined) series.set(name, [value])
  else values.push(value)
}

/** Mean of each batch, nanoseconds a call, ascending. */
export function batches({ call, settle }: Contender): Float64Array {
  const means = new Float64Array(batchesPerBlock)
  for (let index = 0, at = 0; index < batchesPerBlock; index++) {
    const from = performance.now()
    for (let inside = 0; inside < batch; inside++) call(at++)
    means[index] = ((performance.now() - from) * 1e6) / batch
    settle()
  }
  return means.sort()
}

/** Each call by itself, timer included, ascending. */
function singles({ call, settle }: Contender): Float64Array {
  const times = new Float64Array(singlesPerBlock)
  for (let at = 0; at < singlesPerBlock; at++) {
    const from = performance.now()
    call(at)
    times[at] = (performance.now() - from) * 1e6
    if (at % batch === batch - 1) settle()
  }
  settle()
  return times.sort()
}

function timerOverhead(): Float64Array {
  return singles({ name: 'nothing', call() {}, settle() {} })
}

function report(cases: Case[], { rounds }: BenchContext): BenchResult[] {
  const said = `${rounds ?? defaultRounds} blocks`
  const of = (mix: RouteMix, count: number): Case => cases.find((one) => one.mix === mix && one.count === count)!
  const overhead = timerOverhead()
  return [
    ...cases.flatMap(({ mix, count, contenders, p50, p99 }) => contenders.flatMap(({ name }) => [
      summarise(`${name}_p50{mix:${mix},routes:${count}}`, p50.get(name) ?? [], 'ns', `${said} of ${batchesPerBlock} batches of ${batch}`),
      ...(p99.has(name) ? [summarise(`${name}_p99{mix:${mix},routes:${count}}`, p99.get(name)!, 'ns', `${said} of ${singlesPerBlock} single calls, timer included`)] : []),
    ])),
    ...mixes.flatMap((mix) => ['decision', 'find_my_way'].map((name) => {
      const [one, most] = [of(mix, counts[0]).p50.get(name) ?? [], of(mix, counts[counts.length - 1]).p50.get(name) ?? []]
      return summarise(`${name}_flatness{mix:${mix}}`, one.map((value, round) => most[round] / value), 'ratio', 'p50 at 10,000 routes over p50 at 1, by round')
    })),
    { name: 'timer_p50', value: Math.round(quantile(overhead, 0.5)), unit: 'ns', spread: Math.round(quantile(overhead, 0.75) - quantile(overhead, 0.25)), note: 'what a single call costs that does nothing; within every p99' },
    { name: 'timer_p99', value: Math.round(quantile(overhead, 0.99)), unit: 'ns', spread: null },
  ]
}
