// What must never happen in peace, and how peace returns: no false ejection through spikes, pauses and slow
// routes; slow recovery, back-off on flapping; a swap of the snapshot under load.

import { describe, expect, test } from 'vitest'
import { Arena, edgeTopology, ms, planFor, regionTopology } from './arena.case.ts'
import { RequestFlag } from './core.ts'
import { seededRandom } from '../runtime.ts'
import { defaultHealth } from '../snapshot/snapshot.ts'

const rtt = [10, 90, 130]
const calm = (target: number, _service: number, random: () => number): number => (rtt[target] + 3 + 4 * random()) * ms
const probeUs = (target: number): number => rtt[target] * ms

function ejections(arena: Arena) {
  return arena.states.filter(({ state }) => state === 'ejected')
}

describe('no false ejection', () => {
  test.each([5, 50, 400])('through latency spikes of ten times on one request of a hundred, at %d/s', (perSecond) => {
    for (let seed = 1; seed <= 4; seed++) {
      const latencyUs = (target: number, service: number, random: () => number): number =>
        calm(target, service, random) * (random() < 0.01 ? 10 : 1)
      const arena = new Arena({ topology: edgeTopology(rtt), latencyUs, probeUs, seed })
      arena.load(planFor(0), perSecond, 0, 60_000 * ms)
      arena.run(70_000 * ms)
      expect(ejections(arena)).toEqual([])
      expect(arena.rows.every((row) => row.status === 200)).toBe(true)
    }
  })

  test.each([90, 95])('through an event loop that stands still for %d ms again and again', (pauseMs) => {
    const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs })
    arena.load(planFor(0), 100, 0, 30_000 * ms)
    const random = seededRandom(7)
    for (let atUs = 1000 * ms; atUs < 30_000 * ms; atUs += (100 + 200 * random.next()) * ms) arena.at(atUs, () => arena.block(pauseMs * ms))
    arena.run(40_000 * ms)
    expect(ejections(arena)).toEqual([])
  })

  test('a verdict reached while the loop was late by more than the limit is discarded, and said so', () => {
    const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs })
    arena.load(planFor(0), 200, 0, 20_000 * ms)
    for (let atUs = 2000 * ms; atUs < 20_000 * ms; atUs += 777 * ms) arena.at(atUs, () => arena.block(400 * ms))
    arena.run(25_000 * ms)
    expect(ejections(arena)).toEqual([])
    expect(arena.discarded).toBeGreaterThan(0)
  })

  test('a slow route beside a fast one ejects neither, and not the link', () => {
    const latencyUs = (target: number, service: number, random: () => number): number =>
      calm(target, service, random) + (service === 1 ? (600 + 500 * random()) * ms : 0)
    const arena = new Arena({ topology: edgeTopology(rtt, 2), latencyUs, probeUs })
    arena.load(planFor(0), 100, 0, 30_000 * ms)
    arena.load(planFor(1), 10, 5 * ms, 30_000 * ms)
    arena.run(35_000 * ms)
    expect(ejections(arena)).toEqual([])
  })

  test('a link that only becomes slower is not called dead', () => {
    const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs })
    arena.load(planFor(0, { regionMask: 0b010 }), 100, 0, 10_000 * ms)
    arena.at(5000 * ms, () => arena.set(1, { kind: 'slower', byUs: 250 * ms }))
    arena.run(15_000 * ms)
    expect(ejections(arena).filter(({ service }) => service === -1)).toEqual([])
    expect(arena.rows.every((row) => row.status === 200)).toBe(true)
  })

  test('an endpoint whose answers become slow while its probes are answered is not called dead', () => {
    // Slower by twice what silence is patient with at first; the service is not, its health page is as quick as ever.
    let slowUs = 0
    const arena = new Arena({ topology: regionTopology([0, 90], 1, 1), latencyUs: (target) => (target === 0 ? 95 * ms : 4 * ms + slowUs), probeUs: () => ms })
    arena.load(planFor(0, { regionMask: 0b01 }), 20, 0, 10_000 * ms)
    arena.at(5000 * ms, () => { slowUs = 330 * ms })
    arena.run(15_000 * ms)
    expect(ejections(arena)).toEqual([])
    expect(arena.rows.every((row) => row.status === 200)).toBe(true)
  })

  test('through pooled connections that their peer had closed, one at a time', () => {
    const arena = new Arena({ topology: regionTopology([0, 90]), latencyUs: (target) => (target === 0 ? 95 : 4) * ms })
    arena.load(planFor(0), 100, 0, 10_000 * ms)
    for (let second = 1; second < 10; second++) arena.at((second * 1000 + 2) * ms, () => arena.breakOne())
    arena.run(12_000 * ms)
    expect(arena.states.filter(({ cause }) => cause === 'closed')).toHaveLength(9)
    expect(ejections(arena)).toEqual([])
    expect(arena.rows.every((row) => row.status === 200)).toBe(true)
  })
})

test('latency noise does not change the rank of regions, a clear change does', () => {
  const noisy = [80, 88, 130]
  let farUs = 0
  const arena = new Arena({
    topology: edgeTopology(noisy),
    latencyUs: (target, _service, random) => (noisy[target] * (0.85 + 0.3 * random())) * ms,
    probeUs: (target) => (target === 0 ? 80 * ms + farUs : noisy[target] * ms),
  })
  arena.load(planFor(0), 50, 0, 40_000 * ms)
  arena.at(20_000 * ms, () => { farUs = 60 * ms })
  arena.run(45_000 * ms)
  expect(arena.rows.filter((row) => row.startUs < 20_000 * ms).every((row) => row.region === 0)).toBe(true)
  expect(arena.rows.filter((row) => row.startUs > 30_000 * ms).every((row) => row.region === 1)).toBe(true)
})

describe('recovery', () => {
  function outage(healUs: number, endUs: number): Arena {
    const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs })
    arena.load(planFor(0), 100, 0, endUs)
    arena.at(2000 * ms, () => arena.set(0, { kind: 'silent' }))
    arena.at(healUs, () => arena.set(0, { kind: 'well' }))
    arena.run(endUs)
    return arena
  }

  test('waits for five successes over three seconds, then ramps from 10 % to all over ten', () => {
    const arena = outage(6000 * ms, 25_000 * ms)
    const began = arena.states.find(({ target, state }) => target === 0 && state === 'recovering')?.atUs ?? NaN
    expect(began - 6000 * ms).toBeGreaterThanOrEqual(3000 * ms)
    expect(began - 6000 * ms).toBeLessThan(5000 * ms)
    const share = (fromUs: number, toUs: number): number => {
      const rows = arena.rows.filter((row) => row.startUs >= fromUs && row.startUs < toUs)
      return rows.filter((row) => row.region === 0).length / rows.length
    }
    expect(share(6000 * ms, began)).toBe(0)
    // 100 requests a second: a second of the ramp holds 100, so 3 sigma of the share is 0.15 at most.
    expect(Math.abs(share(began, began + 1000 * ms) - 0.145)).toBeLessThan(0.15)
    expect(Math.abs(share(began + 4500 * ms, began + 5500 * ms) - 0.55)).toBeLessThan(0.15)
    expect(share(began + 10_050 * ms, began + 11_000 * ms)).toBe(1)
    expect(arena.regions.map(({ state }) => state)).toEqual([1, 2, 0])
    expect(arena.rows.every((row) => Number.isNaN(row.endUs) || row.status === 200)).toBe(true)
  })

  test('a region that flaps is let back later each time', () => {
    const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs })
    arena.load(planFor(0), 100, 0, 60_000 * ms)
    const waits: number[] = []
    let recovered = 0
    // Dies again as soon as it recovers.
    arena.at(2000 * ms, () => arena.set(0, { kind: 'silent' }))
    for (let atUs = 2100; atUs < 60_000; atUs += 100) {
      arena.at(atUs * ms, () => {
        const state = arena.core.targetState(0)
        if (state === 'ejected') arena.set(0, { kind: 'well' })
        if (state === 'recovering') arena.set(0, { kind: 'silent' })
      })
    }
    arena.run(60_000 * ms)
    let ejectedUs = 0
    for (const { target, service, state, atUs } of arena.states) {
      if (target !== 0 || service !== -1 || (state !== 'ejected' && state !== 'recovering')) continue
      if (state === 'ejected') ejectedUs = atUs
      else waits[recovered++] = atUs - ejectedUs
    }
    expect(waits.length).toBeGreaterThanOrEqual(3)
    for (let at = 1; at < waits.length; at++) expect(waits[at]).toBeGreaterThan(waits[at - 1] * 1.5)
    expect(arena.rows.every((row) => Number.isNaN(row.endUs) || row.status === 200)).toBe(true)
  })

  test('a hung service behind a living link is found, avoided, and tried again', () => {
    const arena = new Arena({ topology: edgeTopology(rtt, 2), latencyUs: calm, probeUs })
    arena.load(planFor(0), 60, 0, 40_000 * ms)
    arena.load(planFor(1), 60, 0, 40_000 * ms)
    arena.at(5000 * ms, () => arena.set(0, { kind: 'silent' }, 1))
    arena.at(15_000 * ms, () => arena.set(0, { kind: 'well' }, 1))
    arena.run(45_000 * ms)
    expect(ejections(arena).filter(({ service }) => service === -1)).toEqual([])
    expect(arena.rows.every((row) => row.status === 200)).toBe(true)
    const late = arena.rows.filter((row) => row.endUs - row.startUs > (250 + rtt[row.region] + 7) * ms)
    expect(late.filter((row) => row.startUs >= 5000 * ms)).toEqual([])
    expect(arena.rows.filter((row) => row.startUs > 38_000 * ms && row.region !== 0)).toEqual([])
  })
})

describe('settings that are known traps', () => {
  test('counters that reset each interval never eject on slow traffic of errors', () => {
    const run = (counterResetMs: number): Arena => {
      const health = { ...defaultHealth, outlier: { ...defaultHealth.outlier, counterResetMs } }
      const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs, health })
      arena.set(0, { kind: 'failing', status: 500 })
      arena.load(planFor(0), 5, 0, 10_000 * ms, 0)
      arena.run(12_000 * ms)
      return arena
    }
    expect(ejections(run(500))).toEqual([])
    expect(ejections(run(0))).not.toEqual([])
  })

  test('a highest ejected share of a tenth of two endpoints ejects none', () => {
    const topology = regionTopology([0], 1, 2)
    const health = { ...defaultHealth, outlier: { ...defaultHealth.outlier, maxEjectedShare: 0.1 } }
    const arena = new Arena({ topology, latencyUs: () => 4 * ms, health })
    arena.set(0, { kind: 'failing', status: 500 })
    arena.set(1, { kind: 'failing', status: 500 })
    arena.load(planFor(0), 50, 0, 5000 * ms)
    arena.run(6000 * ms)
    expect(arena.rows.at(-1)?.status).toBe(500)
  })

  test('in a panic health is ignored, inside the allowed set only', () => {
    const health = { ...defaultHealth, outlier: { ...defaultHealth.outlier, panicShare: 0.5 } }
    const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs, health })
    for (const region of [0, 1, 2]) arena.set(region, { kind: 'refusing' })
    arena.load(planFor(0, { regionMask: 0b011 }), 20, 0, 4000 * ms)
    arena.run(6000 * ms)
    const last = arena.rows.at(-1)
    expect(last?.attempts.length).toBeGreaterThan(0)
    expect(arena.rows.flatMap((row) => row.attempts).every(({ target }) => target < 2)).toBe(true)
  })
})

describe('a swap of the snapshot under load', () => {
  test('keeps health by key, lets requests in flight end, and forgets what vanished', () => {
    const before = edgeTopology(rtt)
    // The regions move: a new one comes first, the last one goes.
    const after = {
      ...before,
      regions: [{ name: 'region-new', priorRttUs: 200 * ms }, before.regions[0], before.regions[1]],
      targets: [{ key: 'link:region-new:10.0.0.9:443', region: 0, kind: 'link' as const }, { ...before.targets[0], region: 1 }, { ...before.targets[1], region: 2 }],
      services: [{ name: 'service-0', targets: [0, 1, 2] }],
    }
    const arena = new Arena({ topology: before, latencyUs: calm, probeUs })
    arena.set(0, { kind: 'silent' })
    arena.load(planFor(0), 100, 0, 3000 * ms)
    arena.load(planFor(0, { regionMask: 0b100 }), 100, 0, 3000 * ms)
    arena.run(2950 * ms)
    expect(arena.core.targetState(0)).toBe('ejected')
    expect(arena.core.outstanding(2)).toBeGreaterThan(0)
    arena.core.swap(after, defaultHealth, arena.nowUs)
    arena.core.effects.length = 0
    expect(arena.core.targetState(1)).toBe('ejected')
    expect(arena.core.targetState(0)).toBe('healthy')
    expect(arena.core.latency(2).count).toBeGreaterThan(0)
    arena.run(3500 * ms)
    expect(arena.open).toBe(0)
    expect(arena.rows.filter((row) => row.startUs < 2950 * ms).every((row) => row.status === 200)).toBe(true)
    for (const target of [0, 1, 2]) expect(arena.core.outstanding(target)).toBe(0)
  })
})

test('the core sleeps between probes when nothing is out, and never exceeds the cap of probes', () => {
  const idle = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs })
  idle.run(10_000 * ms)
  expect(idle.probes.length).toBeGreaterThan(100)
  expect(idle.ticks).toBeLessThan(idle.probes.length * 2)
  const large = new Arena({ topology: regionTopology([0, 90], 400, 2), latencyUs: () => 4 * ms })
  large.run(10_000 * ms)
  // 200 a second, and the bucket's first quarter of a second.
  expect(large.probes.length).toBeLessThanOrEqual(2050)
  expect(large.probes.length).toBeGreaterThan(1900)
  expect(new Set(large.probes.map(({ target }) => target)).size).toBe(801)
})

test('stale and unknown events are ignored', () => {
  const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: calm, probeUs })
  const row = arena.request(planFor(0), RequestFlag.Eligible)
  arena.run(100 * ms)
  expect(row.status).toBe(200)
  const { core, nowUs } = arena
  for (const id of [-1, 0, 1, 5, row.id, 2 ** 31 - 1]) {
    core.head(id, 200, false, nowUs)
    core.finished(id, 'reset', true, nowUs)
    core.abandoned(id, nowUs)
  }
  core.heard(99, nowUs)
  core.probed(99, false, 'timeout', 0, [], nowUs)
  core.probed(0, false, 'timeout', 0, [], nowUs)
  expect(core.effects.length).toBe(0)
  expect(core.targetState(0)).toBe('healthy')
})

test('a lost link is asked again in time however many endpoints wait for a probe', () => {
  // 4,000 endpoints want 16,000 probes a second of the 200 that are allowed.
  const arena = new Arena({ topology: regionTopology([0, 20, 40], 2000, 2), latencyUs: () => 1 * ms })
  arena.run(5000 * ms)
  arena.set(0, { kind: 'silent' })
  arena.run(7000 * ms)
  expect(arena.core.targetState(0)).toBe('ejected')
  arena.set(0, { kind: 'well' })
  arena.run(12_000 * ms)
  expect(arena.core.targetState(0)).not.toBe('ejected')
})
