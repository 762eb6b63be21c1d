// Each planted defect breaks its promise in the core that is given it, and nothing else; without any, nothing changes.

import { expect, test } from 'vitest'
import { budgetLeft, makeBudget } from '../../../gateway/routing/budget.ts'
import { createRoutingCore, layOut } from '../../../gateway/routing/index.ts'
import { Effect, RequestFlag, type RoutePlan, type RoutingCore } from '../../../gateway/routing/core.ts'
import { settingsOf } from '../../../gateway/routing/settings.ts'
import { defaultHealth, defaultRouteFailover, type Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import { plantedDefects } from '../../substrate.ts'
import { plantHealth, plantLayout } from './planted.ts'

const [near, middle, far] = [0, 1, 2]
const ms = 1000

function snapshotOf(allowed: string[] | null, prefer: string[] = []): Snapshot {
  const names = ['near', 'middle', 'far']
  return {
    format: 1, revision: 1, version: 'x', gateway: { name: 'edge', role: 'edge', region: null }, health: defaultHealth,
    regions: names.map((name, at) => ({ name, jurisdiction: name, rttMs: 10 + 40 * at, links: [{ host: name, port: 1 }] })),
    services: [{ name: 'shop/cart:80', endpoints: [], remoteRegions: names }],
    routes: [{
      id: 'shop/cart/0', hostnames: [], matches: [], filters: [], backends: [{ service: 'shop/cart:80', weight: 1, filters: [] }],
      timeouts: { requestMs: 0, backendRequestMs: 0 }, createdAt: '', failover: { ...defaultRouteFailover, prefer }, residency: { allowed, reason: '' },
    }],
  }
}

/** Where one request goes; -1 = it is refused. */
function askedBy(core: RoutingCore, plan: RoutePlan, nowUs: number): number {
  core.request(plan, RequestFlag.Eligible, 0.5, -1, nowUs)
  const [kind, , attempt, target] = core.effects.data
  core.effects.length = 0
  if (kind !== Effect.Send) return -1
  core.head(attempt, 200, false, nowUs)
  core.finished(attempt, 'complete', true, nowUs)
  core.effects.length = 0
  return target
}

function kill(core: RoutingCore, target: number, nowUs: number): void {
  core.tick(0, nowUs)
  for (let miss = 0; miss < 3; miss++) {
    core.tick(0, nowUs + miss * 1000 * ms)
    core.probed(target, false, 'refused', 1 * ms, [], nowUs + miss * 1000 * ms)
  }
  core.effects.length = 0
}

test('nothing is changed unless it is asked for', () => {
  const snapshot = snapshotOf(['middle'])
  const layout = layOut(snapshot)
  expect(plantLayout(layout, snapshot, [])).toBe(layout)
  expect(plantLayout(layout, snapshot, ['retries-unbounded', 'never-recovers'])).toBe(layout)
  expect(plantHealth(defaultHealth, [])).toEqual(defaultHealth)
  expect(plantHealth(defaultHealth, ['residency-as-preference'])).toEqual(defaultHealth)
  const free = snapshotOf(null)
  expect(plantLayout(layOut(free), free, plantedDefects).plans).toEqual(layOut(free).plans)
})

test('residency-as-preference keeps to the allowed regions until none is left, then leaves them', () => {
  const snapshot = snapshotOf(['far', 'middle'])
  const layout = layOut(snapshot)
  const [honest] = layout.plans
  const [planted] = plantLayout(layout, snapshot, ['residency-as-preference']).plans
  expect([...planted.prefer]).toEqual([middle, far])
  const core = createRoutingCore(layout.topology, defaultHealth, 0)
  expect([askedBy(core, honest, 0), askedBy(core, planted, 0)]).toEqual([middle, middle])
  kill(core, middle, 1000 * ms)
  kill(core, far, 5000 * ms)
  expect([core.targetState(middle), core.targetState(far)]).toEqual(['ejected', 'ejected'])
  expect([askedBy(core, honest, 9000 * ms), askedBy(core, planted, 9000 * ms)]).toEqual([-1, near])
})

test('residency-as-preference follows what the route prefers, but in peace only as far as it is allowed', () => {
  const snapshot = snapshotOf(['far', 'middle'], ['near', 'far'])
  const [planted] = plantLayout(layOut(snapshot), snapshot, ['residency-as-preference']).plans
  expect([...planted.prefer]).toEqual([far, middle])
})

test('retries-unbounded leaves a budget that no storm can spend', () => {
  const left = (planted: typeof defaultHealth): number => budgetLeft(makeBudget(), settingsOf(planted), 1e6)
  expect(left(defaultHealth)).toBe(100)
  expect(left(plantHealth(defaultHealth, ['retries-unbounded']))).toBeGreaterThan(1e6)
})

test('never-recovers keeps out what answers a thousand probes', () => {
  const recovered = (health: typeof defaultHealth): boolean => {
    const core = createRoutingCore(layOut(snapshotOf(null)).topology, health, 0)
    kill(core, near, 1000 * ms)
    for (let probe = 0; probe < 1000; probe++) {
      const nowUs = (5000 + 300 * probe) * ms
      core.tick(0, nowUs)
      core.probed(near, true, 'probe-succeeded', 10 * ms, [], nowUs)
      core.effects.length = 0
    }
    return core.targetState(near) === 'healthy'
  }
  expect(recovered(defaultHealth)).toBe(true)
  expect(recovered(plantHealth(defaultHealth, ['never-recovers']))).toBe(false)
})
