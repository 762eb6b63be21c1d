// What a message's passage takes: half a round trip, a hop, and what lies over the direction.

import { expect, test } from 'vitest'
import { seededRandom } from '../../../gateway/runtime.ts'
import { loadTopology } from '../../load.ts'
import type { Direction } from '../../primitives.ts'
import { layOutWorld } from './layout.ts'
import { defaultModel, type SimulationModel } from './model.ts'
import { Lost, Network } from './network.ts'

const topology = await loadTopology('three-regions')
const layout = layOutWorld(topology)
const place = (ref: Direction['from']): number => layout.placeOf.get(ref)!
const [edge, region] = [place('edge:frankfurt'), place('region:us-east')]
const there: Direction = { from: 'edge:frankfurt', to: 'region:us-east' }
const back: Direction = { from: 'region:us-east', to: 'edge:frankfurt' }

function network(changes: Partial<SimulationModel> = {}): Network {
  const still = { client: [0], link: [0], endpoint: [0] }
  return new Network(layout, topology, { ...defaultModel, hopUs: still, ...changes }, seededRandom(1))
}

test('half of the stated round trip each way, or of the measured one', () => {
  expect(network().transit(edge, region, 100, 0)).toBe(44_500)
  expect(network({ rttUs: { 'edge:frankfurt>region:us-east': 100_000 } }).transit(edge, region, 100, 0)).toBe(50_000)
})

test('overlapping faults add up, one way only, and heal in any order', () => {
  const net = network()
  net.apply('slow', { kind: 'delay', on: [there], delayMs: 100, jitterMs: 0 })
  net.apply('slower', { kind: 'delay', on: [there, back], delayMs: 10, jitterMs: 0 })
  expect(net.transit(edge, region, 100, 0)).toBe(154_500)
  expect(net.transit(region, edge, 100, 0)).toBe(54_500)
  net.heal('slow')
  expect(net.transit(edge, region, 100, 0)).toBe(54_500)
  net.heal('slower')
  expect(net.transit(edge, region, 100, 0)).toBe(44_500)
})

test('messages queue for a throttled direction', () => {
  const net = network()
  net.apply('narrow', { kind: 'throttle', on: [there], bytesPerSecond: 1000 })
  expect(net.transit(edge, region, 500, 0)).toBe(544_500)
  expect(net.transit(edge, region, 500, 0)).toBe(1_044_500)
  expect(net.transit(edge, region, 500, 2_000_000)).toBe(544_500)
  expect(net.transit(region, edge, 500, 0)).toBe(44_500)
})

test('a black hole swallows one way, a refusal breaks both', () => {
  const net = network()
  net.apply('hole', { kind: 'cut', on: [there], mode: 'black-hole' })
  expect(net.transit(edge, region, 100, 0)).toBe(Lost.swallowed)
  expect(net.transit(region, edge, 100, 0)).toBe(44_500)
  net.apply('wall', { kind: 'cut', on: [there], mode: 'refuse' })
  expect(net.transit(edge, region, 100, 0)).toBe(Lost.broken)
  expect(net.transit(region, edge, 100, 0)).toBe(Lost.broken)
  net.heal('wall')
  expect(net.transit(edge, region, 100, 0)).toBe(Lost.swallowed)
})

test('a lost message comes later by the retransmission timeout, as often as it is lost', () => {
  const net = network({ lossShare: { 'edge:frankfurt>region:us-east': 0.25 } })
  const times = Array.from({ length: 4000 }, () => net.transit(edge, region, 100, 0) - 44_500)
  const share = (lateUs: number): number => times.filter((us) => us === lateUs).length / times.length
  expect(share(0)).toBeCloseTo(0.75, 1)
  expect(share(200_000)).toBeCloseTo(0.1875, 1)
  expect(share(600_000)).toBeCloseTo(0.047, 1)
  expect(net.transit(region, edge, 100, 0)).toBe(44_500)
})

test('jitter stays within its bound and never makes a message early', () => {
  const net = network()
  net.apply('jitter', { kind: 'delay', on: [there], delayMs: 5, jitterMs: 20 })
  const times = Array.from({ length: 500 }, () => net.transit(edge, region, 100, 0) - 44_500)
  expect(Math.min(...times)).toBe(0)
  expect(Math.max(...times)).toBeGreaterThan(20_000)
  expect(Math.max(...times)).toBeLessThanOrEqual(25_000)
})
