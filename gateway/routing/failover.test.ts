// What the design promises of the core, on a virtual network: who is lost and how late, in a black hole, a
// crash, a hang, a storm of errors, and what must never happen in peace.

import { describe, expect, test } from 'vitest'
import { Arena, edgeTopology, ms, planFor, regionTopology, type Mode } from './arena.case.ts'
import { RequestFlag } from './core.ts'

const rtt = [10, 90, 130]
const nearby = (target: number, _service: number, random: () => number): number => (rtt[target] + 3 + 4 * random()) * ms
const deathUs = 5000 * ms

/** Time that a request took beyond the usual time of the region that served it, microseconds. */
function extraUs(row: Arena['rows'][number]): number {
  return row.endUs - row.startUs - (rtt[row.region] + 7) * ms
}

/** A row without its plan: what one wants to read when an assertion fails. */
function brief({ startUs, endUs, status, reason, attempts }: Arena['rows'][number]) {
  return { startUs, endUs, status, reason, attempts: attempts.map(({ target, reason: why, atUs }) => `${why} ${target} at ${atUs}`) }
}

function failed(arena: Arena) {
  return arena.rows.filter((row) => row.status !== 200).map(brief)
}

function drill(mode: Mode, perSecond: number, seed = 1): Arena {
  const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: nearby, probeUs: (target) => rtt[target] * ms, seed })
  arena.load(planFor(0), perSecond, 0, 12_000 * ms)
  arena.at(deathUs + 0.37 * ms * seed, () => arena.set(0, mode))
  arena.run(14_000 * ms)
  return arena
}

describe.each<[string, Mode]>([
  ['a black hole', { kind: 'silent' }],
  ['a hang', { kind: 'frozen' }],
  ['a crash', { kind: 'broken' }],
  ['refused connections', { kind: 'refusing' }],
  ['a storm of 503', { kind: 'failing', status: 503 }],
  ['a gateway that turns all away', { kind: 'turning-away' }],
])('the nearest region becomes %s', (_, mode) => {
  test.each([20, 100, 500])('no eligible request fails, none is late, at %d/s', (perSecond) => {
    for (let seed = 1; seed <= 20; seed++) {
      const arena = drill(mode, perSecond, seed)
      expect(arena.open).toBe(0)
      expect(failed(arena)).toEqual([])
      const slow = arena.rows.filter((row) => row.startUs >= deathUs && extraUs(row) > 250 * ms)
      expect(slow.map(brief)).toEqual([])
    }
  })

  test('the region is drained and the redirect told, and nobody is sent there for the next three seconds', () => {
    const arena = drill(mode, 100)
    const drained = arena.regions.filter(({ region, state }) => region === 0 && state === 1)
    expect(drained[0].atUs - deathUs).toBeLessThan(500 * ms)
    expect(arena.redirects[0]).toMatchObject({ from: 0, to: 1 })
    const next = arena.rows.filter((row) => row.startUs > deathUs + 600 * ms && row.startUs < deathUs + 3000 * ms)
    expect(next.flatMap(({ attempts }) => attempts).filter(({ target }) => target === 0)).toEqual([])
  })
})

test('in a black hole a request is sent again within 160 ms of being sent', () => {
  const arena = drill({ kind: 'silent' }, 100)
  const again = arena.rows.filter((row) => row.startUs >= deathUs && row.attempts.length > 1)
  expect(again.length).toBeGreaterThan(5)
  for (const row of again) expect(row.attempts[1].atUs - row.startUs).toBeLessThanOrEqual(165 * ms)
})

test('two requests a second still fail over, by probes', () => {
  const arena = drill({ kind: 'silent' }, 2)
  expect(failed(arena)).toEqual([])
  const ejected = arena.states.find(({ target, state }) => target === 0 && state === 'ejected')
  expect((ejected?.atUs ?? Infinity) - deathUs).toBeLessThan(1000 * ms)
})

test('with failover off the dead region is asked for ever, and its health is known all the same', () => {
  const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: nearby })
  arena.load(planFor(0, { failover: false, requestTimeoutUs: 1000 * ms }), 100, 0, 8000 * ms)
  arena.at(deathUs, () => arena.set(0, { kind: 'silent' }))
  arena.run(10_000 * ms)
  const after = arena.rows.filter((row) => row.startUs >= deathUs)
  expect(after.every((row) => row.reason === 'upstream-timeout' && row.attempts.length === 1)).toBe(true)
  expect(arena.core.targetState(0)).toBe('ejected')
})

test('pinned requests ask their region only, whatever its health', () => {
  const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: nearby })
  arena.set(1, { kind: 'silent' })
  arena.at(3000 * ms, () => arena.request(planFor(0, { requestTimeoutUs: 500 * ms }), RequestFlag.Eligible | RequestFlag.Pinned, 1))
  arena.at(3000 * ms, () => arena.request(planFor(0, { regionMask: 1 }), RequestFlag.Eligible | RequestFlag.Pinned, 2))
  arena.run(5000 * ms)
  expect(arena.rows[0]).toMatchObject({ reason: 'upstream-timeout', attempts: [{ target: 1, reason: 'pinned' }] })
  expect(arena.rows[1]).toMatchObject({ reason: 'residency', attempts: [] })
})

describe('residency', () => {
  test('the only lawful region dies: refused with a reason, never served elsewhere', () => {
    const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: nearby })
    arena.load(planFor(0, { regionMask: 1, requestTimeoutUs: 2000 * ms }), 100, 0, 8000 * ms)
    arena.at(deathUs, () => arena.set(0, { kind: 'silent' }))
    arena.run(12_000 * ms)
    expect(arena.rows.flatMap((row) => row.attempts).every(({ target }) => target === 0)).toBe(true)
    expect(arena.rows.filter((row) => row.startUs > deathUs + 500 * ms).every((row) => row.reason === 'no-healthy-target')).toBe(true)
  })

  test('an empty allowed set, and one without the service, are refused at once', () => {
    const topology = edgeTopology(rtt)
    const arena = new Arena({ topology: { ...topology, services: [{ name: 'one', targets: [0] }] }, latencyUs: nearby })
    expect(arena.request(planFor(0, { regionMask: 0 }), 0)).toMatchObject({ id: -1, reason: 'residency' })
    expect(arena.request(planFor(0, { regionMask: 0b110 }), 0)).toMatchObject({ id: -1, reason: 'residency' })
  })
})

describe('what is not eligible', () => {
  test('is sent again when it never left, or when the far gateway says so', () => {
    for (const mode of [{ kind: 'refusing' }, { kind: 'turning-away' }] as Mode[]) {
      const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: nearby })
      arena.load(planFor(0), 100, 0, 7000 * ms, 0)
      arena.at(deathUs, () => arena.set(0, mode))
      arena.run(9000 * ms)
      expect(failed(arena)).toEqual([])
    }
  })

  test('is never sent twice when it may have been processed', () => {
    for (const mode of [{ kind: 'broken' }, { kind: 'silent' }, { kind: 'failing', status: 503 }] as Mode[]) {
      const arena = new Arena({ topology: edgeTopology(rtt), latencyUs: nearby })
      arena.load(planFor(0, { requestTimeoutUs: 1000 * ms }), 100, 0, 7000 * ms, 0)
      arena.at(deathUs, () => arena.set(0, mode))
      arena.run(9000 * ms)
      expect(arena.rows.every((row) => row.attempts.length === 1)).toBe(true)
      expect(arena.rows.some((row) => row.status !== 200)).toBe(true)
      expect(arena.open).toBe(0)
    }
  })
})

describe('requests that came over an east-west link', () => {
  const topology = regionTopology([0, 90])
  const local = RequestFlag.LocalOnly
  const near = (target: number): number => (target === 0 ? 95 : 4) * ms

  test('are served by own endpoints only, and given back when those die', () => {
    for (const flags of [local, local | RequestFlag.Eligible]) {
      const arena = new Arena({ topology, latencyUs: near })
      arena.load(planFor(0), 200, 0, 7000 * ms, flags)
      arena.at(deathUs, () => { arena.set(1, { kind: 'silent' }); arena.set(2, { kind: 'silent' }) })
      arena.run(9000 * ms)
      expect(arena.rows.flatMap((row) => row.attempts).every(({ target }) => target > 0)).toBe(true)
      const lost = arena.rows.filter((row) => row.startUs >= deathUs)
      expect(lost.every((row) => row.status === 0 && row.endUs - row.startUs < 600 * ms)).toBe(true)
      expect(lost.at(-1)).toMatchObject({ reason: 'no-healthy-target' })
      expect(arena.core.unavailableServices()).toEqual([0])
    }
  })
})

describe('what the far side reports', () => {
  test('ejects the service behind the link and not the link, and its absence brings it back', () => {
    const arena = new Arena({ topology: edgeTopology(rtt, 2), latencyUs: nearby })
    arena.load(planFor(0), 50, 0, 30_000 * ms)
    arena.load(planFor(1), 50, 0, 30_000 * ms)
    arena.at(2000 * ms, () => { arena.unavailable = (target) => (target === 0 ? [1] : []) })
    arena.run(4000 * ms)
    expect(arena.core.cellState(1, 0)).toBe('ejected')
    expect([arena.core.targetState(0), arena.core.cellState(0, 0)]).toEqual(['healthy', 'healthy'])
    arena.unavailable = () => []
    arena.run(6000 * ms)
    expect(arena.core.cellState(1, 0)).toBe('recovering')
    arena.run(20_000 * ms)
    expect(arena.core.cellState(1, 0)).toBe('healthy')
    expect(failed(arena).filter((row) => row.endUs > 0)).toEqual([])
  })
})
