// A region goes from what it is to what is wanted in steps that its machines allow: nothing is asked of what is dead
// or off the network, and whatever the order of faults and healings, in the end it is as it was.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Primitive } from '../../primitives.ts'
import { regionParts } from '../../topology.ts'
import type { Nodes } from './nodes.ts'
import { openRegionFaults } from './region-faults.ts'
import { wantedOf, type Part } from './wanted.ts'
import type { Workloads } from './workloads.ts'

/** A region of the mind: it throws when it is asked for something that it could not do in this state. */
function region() {
  const state = { machines: 'running', connected: true, loss: null as number | null, frozen: new Set<Part>(), scaledAway: new Set<Part>(), outOfService: new Set<Part>(), degraded: 0 }
  const told: string[] = []
  const reachable = (what: string, through: 'api' | 'daemon'): void => {
    if (state.machines !== 'running') throw new Error(`${what} of a region that is ${state.machines}`)
    if (through === 'api' && (!state.connected || state.frozen.has('api-server') || state.scaledAway.has('api-server'))) throw new Error(`${what} without an API server`)
  }
  const nodes: Nodes = {
    freeze: async () => { reachable('freeze', 'daemon'); state.machines = 'frozen' },
    thaw: async () => { if (state.machines !== 'frozen') throw new Error('not frozen'); state.machines = 'running' },
    kill: async () => { reachable('kill', 'daemon'); state.machines = 'dead' },
    start: async () => {
      if (state.machines !== 'dead') throw new Error('not dead')
      Object.assign(state, { machines: 'running', connected: true, loss: null, degraded: 0 })
      state.frozen.clear()
    },
    disconnect: async () => { reachable('disconnect', 'daemon'); state.connected = false },
    run: () => Promise.reject(new Error('nothing is run inside')),
    connect: async () => { reachable('connect', 'daemon'); state.connected = true },
    lose: async (share) => { reachable('lose', 'daemon'); state.loss = share },
    signal: async () => {}, exec: async () => {}, canLose: async () => true,
  }
  const workloads: Workloads = {
    freeze: async (part) => { reachable('freeze', 'daemon'); if (state.scaledAway.has(part)) throw new Error(`no ${part} to freeze`); state.frozen.add(part) },
    thaw: async (part) => { reachable('thaw', 'daemon'); state.frozen.delete(part) },
    end: async (part) => { reachable('end', part === 'api-server' ? 'daemon' : 'api'); state.frozen.delete(part); state.scaledAway.add(part) },
    revive: async (part) => { reachable('revive', part === 'api-server' ? 'daemon' : 'api'); state.scaledAway.delete(part); if (part === 'services') state.degraded = 0 },
    kill: async () => {}, evict: async () => {},
    inService: async (part, on) => { reachable('label', 'api'); if (on) state.outOfService.delete(part); else state.outOfService.add(part) },
    degrade: async (degradations) => { reachable('degrade', 'api'); state.degraded = degradations.length },
    serving: async () => { reachable('wait', 'api') },
    readies: (parts) => new Map(parts.map((part) => [part, 0])),
  }
  return { state, told, faults: openRegionFaults({ region: 'eu', workloads, nodes, tell: (part, what) => told.push(`${part} ${what}`) }) }
}

const primitives: Primitive[] = [
  { kind: 'isolate', regions: ['eu'] },
  { kind: 'pause', at: [{ region: 'eu', parts: [...regionParts] }] },
  { kind: 'stop', at: [{ region: 'eu', parts: [...regionParts] }] },
  { kind: 'pause', at: [{ region: 'eu', parts: ['gateway', 'services'] }] },
  { kind: 'stop', at: [{ region: 'eu', parts: ['services'] }] },
  { kind: 'stop', at: [{ region: 'eu', parts: ['dns'] }] },
  { kind: 'pause', at: [{ region: 'eu', parts: ['api-server'] }] },
  { kind: 'stop', at: [{ region: 'eu', parts: ['api-server'] }] },
  { kind: 'unready', at: [{ region: 'eu', parts: ['gateway'] }] },
  { kind: 'degrade', at: [{ region: 'eu', services: null }], delayMs: 10, errorRate: 0 },
  { kind: 'degrade', at: [{ region: 'eu', services: null }], delayMs: 0, errorRate: 0.5 },
  { kind: 'loss', regions: ['eu'], share: 0.2 },
]

test.for(['pause', 'disconnect'] as const)('any order of faults and healings can be carried out and leaves nothing (isolation: %s)', async (isolation) => {
  await fc.assert(fc.asyncProperty(fc.shuffledSubarray(primitives), fc.array(fc.nat(100), { maxLength: 20 }), async (chosen, order) => {
    const { state, faults } = region()
    const inForce: Primitive[] = []
    const waiting = [...chosen]
    for (const number of order) {
      if (number % 2 === 0 && waiting.length > 0) {
        inForce.push(waiting.shift()!)
        // What goes through the API server is refused while that is away, and is not in force then.
        await faults.settle(wantedOf('eu', inForce, isolation)).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'RGT_UNSUPPORTED' })
          inForce.pop()
        })
      } else if (inForce.length > 0) {
        inForce.splice(number % inForce.length, 1)
        await faults.settle(wantedOf('eu', inForce, isolation))
      }
      expect(state.machines).toBe(wantedOf('eu', inForce, isolation).machines)
    }
    await faults.settle(wantedOf('eu', [], isolation))
    expect(state).toEqual({ machines: 'running', connected: true, loss: null, frozen: new Set(), scaledAway: new Set(), outOfService: new Set(), degraded: 0 })
  }), { numRuns: 1000 })
})

test('tells what happened to the processes of each part', async () => {
  const { told, faults } = region()
  await faults.settle(wantedOf('eu', [primitives[1]], 'pause'))
  await faults.settle(wantedOf('eu', [], 'pause'))
  await faults.settle(wantedOf('eu', [primitives[4]], 'pause'))
  expect(told).toEqual([
    'gateway paused', 'services paused', 'control-plane paused', 'gateway resumed', 'services resumed', 'control-plane resumed', 'services killed',
  ])
})
