// What a swap does to histograms that a target and its only cell share.

import { expect, test } from 'vitest'
import { createRoutingCore } from './index.ts'
import { planFor } from './arena.case.ts'
import type { CoreTopology, RoutingCore } from './core.ts'
import { defaultHealth } from '../snapshot/snapshot.ts'

/** One endpoint that any number of services share. */
function topologyOf(...services: string[]): CoreTopology {
  return {
    ownRegion: 0, regions: [{ name: 'eu', priorRttUs: 0 }], targets: [{ key: 'endpoint:10.0.0.1:80', region: 0, kind: 'endpoint' }],
    services: services.map((name) => ({ name, targets: [0] })),
  }
}

function answer(core: RoutingCore, service: number, times: number, elapsedUs: number): void {
  for (let at = 0; at < times; at++) {
    core.request(planFor(service), 0, 0.5, -1, 0)
    const attempt = core.effects.data[2]
    core.head(attempt, 200, false, elapsedUs)
    core.finished(attempt, 'complete', true, elapsedUs)
    core.effects.length = 0
  }
}

test('a target that gets a second service counts the answers of both, and neither service those of the other', () => {
  const core = createRoutingCore(topologyOf('a'), defaultHealth, 0)
  answer(core, 0, 20, 10_000)
  core.swap(topologyOf('a', 'b'), defaultHealth, 0)
  expect(core.latency(0).count).toBe(20)
  answer(core, 1, 50, 900_000)
  answer(core, 0, 20, 10_000)
  expect(core.latency(0).count).toBe(90)
  // The quick service is as impatient as before: 150 ms of silence, not the second that the slow one is given.
  for (let at = 0; at < 3; at++) core.request(planFor(0), 0, 0.5, -1, 1_000_000)
  core.tick(0, 1_140_000)
  expect(core.targetState(0)).toBe('healthy')
  core.tick(0, 1_160_000)
  expect(core.targetState(0)).toBe('suspect')
})

test('a target whose only service goes keeps its own history, and the next service begins without one', () => {
  const core = createRoutingCore(topologyOf('a'), defaultHealth, 0)
  answer(core, 0, 20, 10_000)
  core.swap(topologyOf('b'), defaultHealth, 0)
  expect(core.latency(0).count).toBe(20)
  answer(core, 0, 300, 200_000)
  expect(core.latency(0).count).toBe(320)
  expect(core.latency(0).p50Us).toBeGreaterThan(150_000)
  // The histogram was not handed to anybody else: a fresh target's count begins at nought.
  const other: CoreTopology = { ...topologyOf('b', 'c'), targets: [{ key: 'endpoint:10.0.0.1:80', region: 0, kind: 'endpoint' }, { key: 'endpoint:10.0.0.2:80', region: 0, kind: 'endpoint' }] }
  core.swap({ ...other, services: [{ name: 'b', targets: [0] }, { name: 'c', targets: [1] }] }, defaultHealth, 0)
  answer(core, 1, 3, 10_000)
  expect([core.latency(0).count, core.latency(1).count]).toEqual([320, 3])
})
