// Random topologies, plans, faults and orders of events against the bookkeeper of oracle.case.ts: residency is
// never left, no budget overdrawn, no request sent twice that must not be, and every ticket ends exactly once.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attemptEndings, RequestFlag, type CoreTopology, type RoutePlan } from './core.ts'
import { createRoutingCore } from './index.ts'
import { Oracle } from './oracle.case.ts'
import { defaultHealth, type HealthSettings } from '../snapshot/snapshot.ts'
import type { HealthCause } from '../ports.ts'

type Shape = { regions: number; own: boolean; links: number[]; endpoints: number; offers: number[] }

/** Regions that a service is offered in are the bits of `offers`. */
function build(shape: Shape): CoreTopology {
  const targets: { key: string; region: number; kind: 'endpoint' | 'link' }[] = []
  const byRegion: number[][] = []
  for (let region = 0; region < shape.regions; region++) {
    byRegion.push([])
    if (shape.own && region === 0) continue
    for (let at = 0; at < shape.links[region]; at++) byRegion[region].push(targets.push({ key: `link:r${region}:${at}`, region, kind: 'link' }) - 1)
  }
  const services = shape.offers.map((offer, index) => {
    const own = shape.own && offer & 1 ? Array.from({ length: shape.endpoints }, (_, at) => targets.push({ key: `endpoint:s${index}:${at}`, region: 0, kind: 'endpoint' }) - 1) : []
    return { name: `s${index}`, targets: [...own, ...byRegion.flatMap((of, region) => (offer & (1 << region) ? of : []))] }
  })
  return {
    ownRegion: shape.own ? 0 : -1,
    regions: Array.from({ length: shape.regions }, (_, region) => ({ name: `r${region}`, priorRttUs: region * 30_000 })),
    targets, services,
  }
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  regions: fc.integer({ min: 1, max: 5 }),
  own: fc.boolean(),
  links: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 5, maxLength: 5 }),
  endpoints: fc.integer({ min: 1, max: 3 }),
  offers: fc.array(fc.integer({ min: 0, max: 31 }), { minLength: 2, maxLength: 2 }),
})

const plans = fc.record({
  service: fc.integer({ min: 0, max: 1 }),
  regionMask: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 31 })),
  failover: fc.oneof({ arbitrary: fc.constant(true), weight: 5 }, { arbitrary: fc.constant(false), weight: 1 }),
  prefer: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  maxAttempts: fc.integer({ min: 1, max: 4 }),
  requestTimeoutUs: fc.constantFrom(0, 500_000, 3_000_000),
  attemptTimeoutUs: fc.constantFrom(0, 0, 300_000),
})

const healths: fc.Arbitrary<HealthSettings> = fc.record({
  maxEjectedShare: fc.constantFrom(1, 1, 0.5, 0.1), panicShare: fc.constantFrom(0, 0, 0.5), floor: fc.constantFrom(0.2, 10), share: fc.constantFrom(0.2, 0.5),
}).map(({ maxEjectedShare, panicShare, floor, share }) => ({
  ...defaultHealth,
  outlier: { ...defaultHealth.outlier, maxEjectedShare, panicShare },
  retry: { ...defaultHealth.retry, minPerSecond: floor, budgetShare: share },
}))

const random = fc.double({ min: 0, max: 0.999999, noNaN: true })
const steps = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('request' as const), plan: fc.nat(3), flags: fc.constantFrom(1, 1, 1, 0, 2, 3, 4, 5), random, pin: fc.integer({ min: -1, max: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('head' as const), which: fc.nat(), status: fc.constantFrom(200, 200, 200, 404, 500, 501, 503), fromGateway: fc.constantFrom(false, false, false, true) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat(), ending: fc.constantFrom(...attemptEndings), sent: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abandon' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heard' as const), target: fc.nat(12) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('probe' as const), which: fc.nat(), ok: fc.boolean(), cause: fc.constantFrom<HealthCause>('timeout', 'refused', 'probe-missed'), named: fc.constantFrom([], [], [0], [0, 1], [7]) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ticks: fc.integer({ min: 1, max: 60 }), lagUs: fc.constantFrom(0, 0, 0, 40_000, 150_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('swap' as const), shape: shapes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), id: fc.integer() }) },
)
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never

function play(shape: Shape, health: HealthSettings, rawPlans: { service: number; prefer: number[] }[], script: Step[]): Oracle {
  let nowUs = 1_000_000
  const topology = build(shape)
  const core = createRoutingCore(topology, health, nowUs)
  const oracle = new Oracle(core, topology, health)
  const made: RoutePlan[] = rawPlans.map((raw) => ({
    ...(raw as unknown as RoutePlan), services: Int32Array.of(raw.service), cumulativeWeights: Float64Array.of(2 ** 32), prefer: Int32Array.from(raw.prefer),
  }))
  const wait = (ticks: number, lagUs: number): void => {
    for (let at = 0; at < ticks; at++) {
      nowUs += 10_000 + (at === 0 ? lagUs : 0)
      oracle.tell(() => core.tick(at === 0 ? lagUs : 0, nowUs), nowUs)
    }
  }
  for (const step of script) {
    nowUs += 137
    playStep(oracle, made, step, nowUs, wait)
    oracle.compare()
  }
  // Nobody answers any more: what is accepted ends, and all else runs out of time.
  for (const attempt of [...oracle.attempts.values()]) if (attempt.ticket.accepted === attempt) oracle.finished(attempt, 'complete', true, nowUs)
  for (let round = 0; round < 170; round++) {
    nowUs += 90_000
    wait(1, 0)
  }
  return oracle
}

function playStep(oracle: Oracle, made: RoutePlan[], step: Step, nowUs: number, wait: (ticks: number, lagUs: number) => void): void {
  const { core, topology } = oracle
  const waiting = [...oracle.attempts.values()].filter((attempt) => attempt.waiting)
  const pick = <Value>(from: Value[], which: number): Value | undefined => from[which % from.length]
  if (step.kind === 'request') {
    const plan = made[step.plan % made.length]
    oracle.request(plan, step.flags, step.random, step.flags & RequestFlag.Pinned ? step.pin : -1, nowUs)
  } else if (step.kind === 'head') {
    const attempt = pick(waiting, step.which)
    if (attempt !== undefined) oracle.head(attempt, step.fromGateway ? 503 : step.status, step.fromGateway, nowUs)
  } else if (step.kind === 'finish') {
    const attempt = pick([...oracle.attempts.values()], step.which)
    if (attempt !== undefined) oracle.finished(attempt, step.ending, !attempt.waiting || step.sent, nowUs)
  } else if (step.kind === 'abandon') {
    const ticket = pick([...oracle.tickets.values()], step.which)
    if (ticket === undefined) return
    oracle.abandon(ticket, nowUs)
  } else if (step.kind === 'heard') oracle.tell(() => core.heard(step.target, nowUs), nowUs)
  else if (step.kind === 'probe') {
    const key = pick([...oracle.probing], step.which)
    const target = topology.targets.findIndex((of) => of.key === key)
    oracle.probing.delete(key ?? '')
    oracle.tell(() => core.probed(target, step.ok, step.ok ? 'probe-succeeded' : step.cause, 20_000, step.named, nowUs), nowUs)
  } else if (step.kind === 'wait') wait(step.ticks, step.lagUs)
  else if (step.kind === 'swap') oracle.swap(build(step.shape), nowUs)
  else if (!oracle.attempts.has(step.id) && !oracle.tickets.has(step.id)) {
    core.head(step.id, 200, false, nowUs)
    core.finished(step.id, 'reset', true, nowUs)
    core.abandoned(step.id, nowUs)
    expect(core.effects.length).toBe(0)
  }
}

const manyPlans = fc.array(plans, { minLength: 4, maxLength: 4 })
const manySteps = fc.array(steps, { minLength: 10, maxLength: 120, size: 'max' })

test('whatever happens in whatever order, the rules hold and every ticket ends exactly once', () => {
  fc.assert(
    fc.property(shapes, healths, manyPlans, manySteps, (shape, health, raw, script) => {
      const still = script.filter(({ kind }) => kind !== 'swap')
      const oracle = play(shape, health, raw, still)
      expect(oracle.all.filter(({ ended }) => ended !== 1)).toEqual([])
      expect([oracle.attempts.size, oracle.tickets.size]).toEqual([0, 0])
    }),
    { numRuns: 400 },
  )
})

test('the same across swaps of the topology', () => {
  fc.assert(
    fc.property(shapes, manyPlans, manySteps, (shape, raw, script) => {
      // Plans name regions by index: keep their number, so that a plan made before a swap means the same after.
      const script5 = script.map((step) => (step.kind === 'swap' ? { ...step, shape: { ...step.shape, regions: 5, own: shape.own } } : step))
      const oracle = play({ ...shape, regions: 5 }, defaultHealth, raw, script5)
      expect(oracle.all.filter(({ ended }) => ended !== 1)).toEqual([])
      expect([oracle.attempts.size, oracle.tickets.size]).toEqual([0, 0])
    }),
    { numRuns: 300 },
  )
})
