// A mesh behind the gateways owns the failover of services: whatever a service does is handed on, so that the mesh sees
// it and the drill measures the mesh. What belongs to the gateways, the links between regions, they still keep.

import { describe, expect, test } from 'vitest'
import { defaultHealth } from '../snapshot/snapshot.ts'
import { Arena, edgeTopology, ms, planFor, regionTopology, type Mode } from './arena.case.ts'

const rtt = [10, 90, 130]
const health = { ...defaultHealth, failoverOwner: 'mesh' as const }
const troubles: [string, Mode][] = [
  ['hangs', { kind: 'silent' }], ['answers 503', { kind: 'failing', status: 503 }], ['answers late', { kind: 'slower', byUs: 900 * ms }],
]

function drill(set: (arena: Arena) => void, topology = edgeTopology(rtt, 2)): Arena {
  const arena = new Arena({ topology, health, latencyUs: (target) => (rtt[target] ?? 1) * ms, probeUs: (target) => (rtt[target] ?? 1) * ms })
  arena.load(planFor(0), 50, 0, 8_000 * ms)
  arena.load(planFor(1), 50, 5 * ms, 8_000 * ms)
  arena.at(3_000 * ms, () => set(arena))
  arena.run(30_000 * ms)
  return arena
}

describe.each(troubles)('a service of the nearest region %s', (_, mode) => {
  test('nothing is sent twice, nothing goes elsewhere, nobody is judged', () => {
    const arena = drill((world) => world.set(0, mode, 0))
    expect(arena.open).toBe(0)
    expect(new Set(arena.rows.map(({ attempts }) => attempts.map(({ target, reason }) => `${reason} ${target}`).join()))).toEqual(new Set(['first 0']))
    expect(arena.states).toEqual([])
    expect(arena.regions).toEqual([])
  })

  test('in the region itself the endpoint is asked again and again', () => {
    const topology = regionTopology(rtt, 2, 1)
    const own = topology.targets.findIndex(({ kind }) => kind === 'endpoint')
    const arena = drill((world) => world.set(own, mode), topology)
    expect(arena.states).toEqual([])
    expect(new Set(arena.rows.map(({ attempts }) => attempts.length))).toEqual(new Set([1]))
  })
})

test('what is refused is answered so: the client hears what the mesh said', () => {
  const late = drill((world) => world.set(0, { kind: 'failing', status: 503 }, 0)).rows.filter(({ startUs, plan }) => startUs > 3_000 * ms && plan.services[0] === 0)
  expect(new Set(late.map(({ status }) => status))).toEqual(new Set([503]))
})

describe.each<[string, Mode]>([['falls silent', { kind: 'silent' }], ['breaks its connections', { kind: 'broken' }], ['refuses', { kind: 'refusing' }]])('the link to the nearest region %s', (_, mode) => {
  test('it is ejected, and the next region serves', () => {
    const arena = drill((world) => world.set(0, mode))
    expect(arena.states[0]).toMatchObject({ target: 0, service: -1 })
    const later = arena.rows.filter(({ startUs }) => startUs > 4_000 * ms && startUs < 6_000 * ms)
    expect(later.map(({ status, region }) => `${status} ${region}`).filter((one) => one !== '200 1')).toEqual([])
  })
})

test('a gateway that delivered nothing is no business of the mesh: the request goes elsewhere', () => {
  const arena = drill((world) => world.set(0, { kind: 'turning-away' }))
  expect(new Set(arena.rows.map(({ status }) => status))).toEqual(new Set([200]))
})
