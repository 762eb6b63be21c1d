// Who may call what and where the mesh turns to: nearest first, lawful, nowhere when failover is the gateway's turn.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SnapshotAccess } from '../../../gateway/security/access.ts'
import { regionEntries, type ConfigEntry } from './entries.ts'
import { anyPlanned, catalogued, planned, plannedFromCatalogue, type Planned } from './plan.case.ts'
import { consulNames, gatewayName } from './plan-names.ts'
import { reachOf } from '../reach.ts'
import { stockSettings } from './plan-settings.ts'

type Kind = ConfigEntry['Kind']

/** What stands in the end: a later entry of the same kind and name replaces the earlier. */
function standing<K extends Kind>({ plan }: Planned, region: string, kind: K): Map<string, Extract<ConfigEntry, { Kind: K }>> {
  const { first, oncePeered, onceImported } = plan.regions.find((one) => one.region === region)!.entries
  return new Map([...first, ...oncePeered, ...onceImported].filter((entry) => entry.Kind === kind).map((entry) => [entry.Name, entry as Extract<ConfigEntry, { Kind: K }>]))
}

const targetsOf = (one: Planned, region: string, name: string): string[] =>
  standing(one, region, 'service-resolver').get(name)?.Failover['*'].Targets.map(({ Peer }) => Peer) ?? []

function checkFailover(one: Planned): void {
  const { topology, residency } = one
  const names = consulNames(topology.services.map(({ name }) => name))
  const rtt = (from: string, to: string): number => topology.links.find((link) => link.from === `region:${from}` && link.to === `region:${to}`)!.rttMs
  for (const { name: region } of topology.regions) {
    for (const service of topology.services.filter(({ regions }) => regions.includes(region))) {
      const targets = targetsOf(one, region, names.get(service.name)!)
      const lawful = (name: string): boolean => residency.get(service.name)?.has(name) ?? true
      const wanted = topology.failoverOwner === 'mesh' && lawful(region) ? service.regions.filter((name) => name !== region && lawful(name)) : []
      expect([...targets].sort()).toEqual([...wanted].sort())
      const distances = targets.map((target) => rtt(region, target))
      expect(distances).toEqual([...distances].sort((a, b) => a - b))
    }
  }
}

/** Who may call, who is told of it, and who turns there are the same. */
function checkAgreement(one: Planned): void {
  const { topology, residency } = one
  const names = consulNames(topology.services.map(({ name }) => name))
  for (const { name: region } of topology.regions) {
    const intentions = standing(one, region, 'service-intentions')
    const exported = standing(one, region, 'exported-services').get('default')?.Services ?? []
    const known = topology.services.filter(({ regions }) => regions.includes(region)).map((service) => names.get(service.name)!)
    expect([...intentions.keys()].filter((name) => !known.includes(name))).toEqual([])
    for (const service of topology.services) {
      const name = names.get(service.name)!
      const serves = service.regions.includes(region) && (residency.get(service.name)?.has(region) ?? true)
      const peers = topology.regions.map((other) => other.name).filter((other) => targetsOf(one, other, name).includes(region))
      expect(intentions.get(name)?.Sources).toEqual(serves
        ? [{ Name: gatewayName, Action: 'allow' }, ...peers.map((Peer) => ({ Name: gatewayName, Peer, Action: 'allow' }))] : undefined)
      expect(exported.find(({ Name }) => Name === name)?.Consumers.map(({ Peer }) => Peer) ?? []).toEqual(peers)
    }
  }
}

describe.each(catalogued)('%s', (name) => {
  test.each(['gateway', 'mesh'] as const)('fails over to the nearest lawful region only when it is the mesh\'s turn (%s)', async (owner) => {
    const one = await plannedFromCatalogue(name, owner)
    checkFailover(one)
    checkAgreement(one)
  })
})

test('any topology under any law, too', () => {
  fc.assert(fc.property(anyPlanned, (one) => {
    checkFailover(one)
    checkAgreement(one)
  }))
})

test('personal data stays in the Union whichever region asks, and its own region is asked first', async () => {
  const one = await plannedFromCatalogue('fifteen-regions', 'mesh')
  expect(targetsOf(one, 'eu-west', 'ledger-shop-8080')).toEqual(['eu-central', 'eu-north'])
  expect(targetsOf(one, 'eu-west', 'catalog-shop-8080').slice(0, 2)).toEqual(['uk-south', 'eu-central'])
  expect(targetsOf(one, 'us-east', 'ledger-shop-8080')).toEqual([])
  expect(standing(one, 'us-east', 'service-intentions').has('ledger-shop-8080')).toBe(false)
})

test('when the gateway owns failover no entry names a peer or a retry', async () => {
  const { plan } = await plannedFromCatalogue('three-regions', 'gateway')
  for (const { entries } of plan.regions) {
    expect([...entries.oncePeered, ...entries.onceImported]).toEqual([])
    expect(JSON.stringify(entries)).not.toMatch(/"Peer"|NumRetries/)
  }
})

test('nothing names a peer before the peerings are active, and protocols come first', async () => {
  const { plan } = await plannedFromCatalogue('three-regions', 'mesh')
  for (const { entries: { first } } of plan.regions) {
    const told = first.filter(({ Kind, Name }) => !(Kind === 'service-defaults' && Name === gatewayName))
    expect(JSON.stringify(told)).not.toContain('"Peer"')
    const kinds = first.map(({ Kind }) => Kind)
    expect(kinds[0]).toBe('proxy-defaults')
    expect(kinds.lastIndexOf('service-defaults')).toBeLessThan(kinds.indexOf('service-router'))
  }
})

test('every upstream may be ejected whole, and has time to connect over its longest link', async () => {
  const one = await plannedFromCatalogue('three-regions', 'mesh')
  for (const { name: region } of one.topology.regions) {
    const overrides = standing(one, region, 'service-defaults').get(gatewayName)!.UpstreamConfig!.Overrides
    expect(overrides.length).toBeGreaterThan(0)
    for (const { Name, Peer, ConnectTimeoutMs, PassiveHealthCheck } of overrides) {
      expect(PassiveHealthCheck).toEqual({ Interval: '250ms', MaxFailures: 2, EnforcingConsecutive5xx: 100, MaxEjectionPercent: 100, BaseEjectionTime: '13000ms' })
      const rtts = one.topology.links.filter(({ from, to }) => from === `region:${region}` && (Peer === undefined ? targetsOf(one, region, Name) : [Peer]).includes(to.replace('region:', '')))
      for (const { rttMs } of rtts) expect(ConnectTimeoutMs).toBeGreaterThan(3 * rttMs)
    }
  }
})

test('only what may be sent twice is retried after it was sent', async () => {
  const one = await plannedFromCatalogue('three-regions', 'mesh')
  const { Routes: [twice, once] } = standing(one, one.topology.regions[0].name, 'service-router').get('checkout-shop-8080')!
  expect(twice.Match.HTTP.Methods).not.toContain('POST')
  expect(twice.Destination).toMatchObject({ NumRetries: 2, RetryOn: expect.arrayContaining(['5xx', 'reset']) })
  expect(once.Match.HTTP.Methods).toBeUndefined()
  expect(once.Destination.RetryOn).toEqual(['connect-failure', 'refused-stream'])
})

test('stock settings fail over, and tune nothing', async () => {
  const one = await plannedFromCatalogue('three-regions', 'mesh', stockSettings)
  const region = one.topology.regions[0].name
  expect(targetsOf(one, region, 'catalog-shop-8080')).toHaveLength(2)
  expect(standing(one, region, 'service-router').size).toBe(0)
  expect(standing(one, region, 'service-defaults').get(gatewayName)).toEqual({ Kind: 'service-defaults', Name: gatewayName, Protocol: 'http' })
})

test('a service that is slow by nature is given time', async () => {
  const { topology, residency } = await plannedFromCatalogue('two-regions', 'mesh')
  const slow = { ...topology, services: topology.services.map((service) => ({ ...service, response: { ...service.response, latencyMs: 80, jitterMs: 20 } })) }
  const { plan } = planned(slow, residency)
  const configs = plan.regions.flatMap(({ registrations }) => registrations.flatMap(({ Connect }) => Connect?.SidecarService.Proxy.Config ?? []))
  expect(configs.map(({ local_request_timeout_ms: timeoutMs }) => timeoutMs)).toEqual(configs.map(() => 1000))
  expect(configs.length).toBeGreaterThan(0)
})

test('a policy holds for callers of every peer as for the region\'s own, and whom it shuts out has no intention', async () => {
  const { topology, residency } = await plannedFromCatalogue('three-regions', 'mesh')
  const names = consulNames(topology.services.map(({ name }) => name))
  const rules: SnapshotAccess['rules'] = [{ principals: ['gateway', 'service:shop/checkout'], methods: ['GET'], paths: [{ type: 'Exact', value: '/a' }] }]
  const access = new Map([['shop/catalog:8080', { policies: ['shop/p'], rules }], ['shop/accounts:8080', { policies: ['shop/p'], rules: [] }]])
  const [{ name: region }, ...peers] = topology.regions
  const { first, oncePeered } = regionEntries(region, { topology, names, reach: reachOf(topology, residency), settings: stockSettings, access })
  const sources = (entries: ConfigEntry[], name: string) => entries.flatMap((entry) => entry.Kind === 'service-intentions' && entry.Name === name ? entry.Sources : [])
  const own = sources(first, 'catalog-shop-8080')
  expect(own.map(({ Name, Action, Permissions }) => [Name, Action, Permissions![0].HTTP])).toEqual([
    [gatewayName, undefined, { PathExact: '/a', Methods: ['GET'] }], ['checkout-shop-8080', undefined, { PathExact: '/a', Methods: ['GET'] }],
  ])
  const all = sources(oncePeered, 'catalog-shop-8080')
  expect(all.filter(({ Peer }) => Peer === undefined)).toEqual(own)
  for (const { name: peer } of peers) expect(all.filter(({ Peer }) => Peer === peer)).toEqual(own.map((source) => ({ ...source, Peer: peer })))
  expect([...sources(first, 'accounts-shop-8080'), ...sources(oncePeered, 'accounts-shop-8080')]).toEqual([])
})
