// Where requests go in peace: nearest, preferred, less busy, by weight; and how a half-lost locality spills.
import { expect, test } from 'vitest'
import { Arena, edgeTopology, ms, planFor, regionTopology } from './arena.case.ts'

const still = (): number => 20 * ms

function shares(arena: Arena, of: (row: Arena['rows'][number]) => number): Map<number, number> {
  const counts = new Map<number, number>()
  for (const row of arena.rows) counts.set(of(row), (counts.get(of(row)) ?? 0) + 1 / arena.rows.length)
  return counts
}

test('the own region first, then the nearest allowed, then preference', () => {
  const region = new Arena({ topology: regionTopology([0, 90, 30]), latencyUs: still })
  for (const [plan, expected] of [[planFor(0), 0], [planFor(0, { regionMask: 0b110 }), 2], [planFor(0, { prefer: Int32Array.of(1) }), 1], [planFor(0, { prefer: Int32Array.of(7, 1), regionMask: 0b101 }), 0]] as const) {
    const row = region.request(plan, 1)
    region.run(region.elapsedUs + 100 * ms)
    expect(row.region).toBe(expected)
  }
})

test('weights split by the random number alone', () => {
  const plan = planFor(0, { services: Int32Array.of(0, 1), cumulativeWeights: Float64Array.of(2 ** 30, 2 ** 32) })
  // Five errors eject the cell that was asked, which shows the service that the random number chose.
  const asked = (random: number): string[] => {
    const { core, nowUs } = new Arena({ topology: edgeTopology([10], 2), latencyUs: still })
    for (let at = 0; at < 5; at++) {
      core.request(plan, 0, random, -1, nowUs)
      core.head(core.effects.data[2], 500, false, nowUs)
      core.effects.length = 0
    }
    return [core.cellState(0, 0), core.cellState(1, 0)]
  }
  expect(asked(0.2)).toEqual(['ejected', 'healthy'])
  expect(asked(0.3)).toEqual(['healthy', 'ejected'])
})

test('of two endpoints the less busy one gets more', () => {
  const arena = new Arena({ topology: regionTopology([0], 1, 2), latencyUs: (target) => (target === 0 ? 40 : 10) * ms })
  arena.load(planFor(0), 400, 0, 5000 * ms)
  arena.run(6000 * ms)
  const share = shares(arena, (row) => row.attempts[0].target)
  expect(share.get(1) ?? 0).toBeGreaterThan(0.6)
  expect(share.get(0) ?? 0).toBeGreaterThan(0.1)
})

test('half of a locality lost keeps 70 % of its requests (1.4 x its healthy share)', () => {
  const arena = new Arena({ topology: regionTopology([0, 90], 1, 2), latencyUs: still })
  arena.set(1, { kind: 'refusing' })
  arena.run(2000 * ms)
  expect(arena.core.targetState(1)).toBe('ejected')
  arena.load(planFor(0), 500, 2000 * ms, 8000 * ms)
  arena.run(9000 * ms)
  // 3,000 requests: 3 sigma of the share is 0.025.
  expect(Math.abs((shares(arena, (row) => row.region).get(0) ?? 0) - 0.7)).toBeLessThan(0.03)
})
