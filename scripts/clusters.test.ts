// What is typed about clusters: every region has one context, and nothing is asked of a substrate that has none.

import { expect, test } from 'vitest'
import { loadTopology } from '../topologies/load.ts'
import { clusterFlags, clustersFor, contexts } from './clusters.ts'

const three = await loadTopology('three-regions')
const all = { 'eu-west': 'a', 'us-east': 'b', 'ap-south': 'c' }

test('a list of contexts is region=context, each region once', () => {
  expect(contexts('eu-west=kind-a, us-east=arn:aws:eks/b=c')).toEqual({ 'eu-west': 'kind-a', 'us-east': 'arn:aws:eks/b=c' })
  for (const bad of ['', 'eu-west', 'eu-west=', '=a', 'a=b,a=c']) expect(() => contexts(bad), bad).toThrow(/expected region=context|named twice/)
})

test.for([
  [{ contexts: { ...all, mars: 'd' } }, ['kind'], /no region `mars`/],
  [{ contexts: { 'eu-west': 'a' } }, ['kind'], /have no context/],
  [{ contexts: { ...all, 'us-east': 'a' } }, ['kind'], /two regions are one cluster/],
  [{ contexts: all }, ['local'], /about clusters/],
  [{ network: 'mine' }, ['kind'], /about existing clusters/],
  [{ loadIn: 'a' }, ['kind'], /about existing clusters/],
  [{ readyWithin: 1000 }, ['local'], /--ready-within is about clusters/],
] as const)('refuses %j on %j', ([typed, on, words]) => {
  expect(() => clustersFor(typed, on, three)).toThrow(words)
})

test('existing clusters have a kubeconfig and a network; nothing typed leaves everything to its default', () => {
  expect(clustersFor({ contexts: all, kubeconfig: '/k', loadIn: 'a' }, ['simulated', 'kind'], three)).toMatchObject({ contexts: all, kubeconfig: '/k', loadContext: 'a', parallelism: 1 })
  expect(clustersFor({}, ['local'], three)).not.toHaveProperty('contexts')
})

test('flags say the same again', () => {
  expect(clusterFlags({ contexts: all, network: 'n' })).toEqual(['--contexts eu-west=a,us-east=b,ap-south=c', '--network n'])
  expect(clusterFlags({ readyWithin: 90_000 })).toEqual(['--ready-within 1m30s'])
  expect(clusterFlags({})).toEqual([])
})
