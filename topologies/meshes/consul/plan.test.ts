// What a mesh is told, for the topologies of the catalogue and for any: ports of its own, every pair joined once and only
// through the fault proxy, one way to each service.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyPlanned, catalogued, plannedFromCatalogue, type Planned } from './plan.case.ts'
import { consulPortsNeeded } from './plan.ts'
import { consulNames, gatewayName, meshGatewayHost } from './plan-names.ts'
import { residencyOf } from '../reach.ts'
import { stockSettings, tunedSettings } from './plan-settings.ts'

/** Every address that a process of the mesh binds, as host:port. */
function bound({ plan }: Planned): string[] {
  const at = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`
  return [
    ...plan.entries.map(({ listen }) => at(listen)),
    ...plan.regions.flatMap(({ agent: { config }, resolver, registrations, envoys, upstreams }) => [
      ...Object.values(config.ports).filter((port) => port !== -1).map((port) => `${config.bind_addr}:${port}`),
      at(resolver.listen), ...envoys.map(({ admin }) => at(admin)), ...Object.values(upstreams).map(at),
      ...registrations.flatMap(({ Kind, Address, Port, Connect }) => [
        ...(Kind === 'mesh-gateway' ? [`${Address}:${Port}`] : []), ...(Connect === undefined ? [] : [`${Address}:${Connect.SidecarService.Port}`]),
      ]),
    ]),
  ]
}

function checkShape(one: Planned): void {
  const { topology, plan, taken, layout } = one
  const addresses = bound(one)
  expect(new Set(addresses).size).toBe(addresses.length)
  for (const address of addresses) {
    const port = Number(address.split(':')[1])
    expect(port >= taken.from && port < taken.to, address).toBe(true)
  }
  expect(taken.to - taken.from).toBe(consulPortsNeeded(topology))

  const pairs = plan.peerings.map(({ acceptor, dialer }) => [acceptor, dialer].sort().join(' '))
  const count = topology.regions.length
  expect(new Set(pairs).size).toBe(pairs.length)
  expect(pairs.length).toBe(count * (count - 1) / 2)

  for (const { region, agent, registrations, envoys, upstreams, resolver } of plan.regions) {
    expect(agent.config.datacenter).toBe(region)
    const services = topology.services.filter(({ regions }) => regions.includes(region))
    expect(Object.keys(upstreams).sort()).toEqual(services.map(({ name }) => name).sort())
    // The gateway's sidecar listens where the plan says that services are to be had.
    const sidecar = registrations.find(({ Name }) => Name === gatewayName)!.Connect!.SidecarService
    expect(sidecar.Proxy.Upstreams!.map(({ LocalBindAddress, LocalBindPort }) => ({ host: LocalBindAddress, port: LocalBindPort }))).toEqual(Object.values(upstreams))
    const instances = registrations.filter(({ Name, Kind }) => Name !== gatewayName && Kind === undefined)
    expect(instances.map(({ Port }) => Port)).toEqual(layout.services.find((here) => here.region === region)!.endpoints.map(({ port }) => port))
    // One Envoy for each registration, by the id that Consul gives its proxy.
    expect(envoys.map(({ id }) => id).sort()).toEqual(registrations.map(({ ID, Kind }) => Kind === undefined ? `${ID}-sidecar-proxy` : ID).sort())
    expect(Object.keys(resolver.names)).toEqual(topology.regions.filter(({ name }) => name !== region).map(({ name }) => meshGatewayHost(name)))
    for (const check of registrations.flatMap(({ Checks, Connect }) => [...Checks, ...Connect?.SidecarService.Checks ?? []])) expect(check.Status).toBe('passing')
  }
}

/** No address of another region is told to anybody but by way of an entry between the two. */
function checkWays({ plan }: Planned): void {
  for (const { region, resolver, registrations } of plan.regions) {
    for (const other of plan.regions.filter((one) => one.region !== region)) {
      const entry = plan.entries.find(({ from, to, channel }) => from === `region:${region}` && to === `region:${other.region}` && channel === 'data')!
      const meshGateway = other.registrations.find(({ Kind }) => Kind === 'mesh-gateway')!
      const { lan, wan } = meshGateway.TaggedAddresses!
      expect({ host: resolver.names[wan.Address], port: wan.Port }).toEqual(entry.listen)
      expect(entry.upstream).toEqual({ host: lan.Address, port: lan.Port })
    }
    expect(registrations.find(({ Kind }) => Kind === 'mesh-gateway')!.TaggedAddresses!.wan.Address).toBe(meshGatewayHost(region))
  }
  for (const { acceptor, dialer, token } of plan.peerings) {
    const entry = plan.entries.find(({ from, to, channel }) => from === `region:${dialer}` && to === `region:${acceptor}` && channel === 'control')!
    expect(token).toEqual({ PeerName: dialer, ServerExternalAddresses: [`${entry.listen.host}:${entry.listen.port}`] })
    const { config } = plan.regions.find(({ region }) => region === acceptor)!.agent
    expect(entry.upstream).toEqual({ host: config.bind_addr, port: config.ports.grpc_tls })
  }
  expect(plan.entries.filter(({ channel }) => channel === 'control')).toHaveLength(plan.peerings.length)
}

describe.each(catalogued)('%s', (name) => {
  test.each(['gateway', 'mesh'] as const)('has ports of its own and one way everywhere (failover: %s)', async (owner) => {
    const one = await plannedFromCatalogue(name, owner)
    checkShape(one)
    checkWays(one)
  })
})

test('any topology, too', () => {
  fc.assert(fc.property(anyPlanned, (one) => {
    checkShape(one)
    checkWays(one)
  }))
})

test('the law of a service is the strictest of its routes', async () => {
  const { residency } = await plannedFromCatalogue('fifteen-regions', 'mesh')
  expect([...residency.keys()]).toEqual(['shop/ledger:8080'])
  expect([...residency.get('shop/ledger:8080')!].sort()).toEqual(['eu-central', 'eu-north', 'eu-west'])

  const route = (allowed: string[] | null) => ({ filters: [], backends: [{ service: 'a/b:1', weight: 1, filters: [] }], residency: { allowed, reason: '' } }) as never
  expect([...residencyOf([route(['x', 'y']), route(null), route(['y', 'z'])]).get('a/b:1')!]).toEqual(['y'])
  expect([...residencyOf([route(['x']), route(['z'])]).get('a/b:1')!]).toEqual([])
})

test('different services never share a name, and each name is a label of DNS', () => {
  const part = fc.stringMatching(/^[ab][-ab]{0,70}$/)
  fc.assert(fc.property(fc.uniqueArray(fc.tuple(part, part, fc.integer({ min: 1, max: 65_535 })).map(([namespace, name, port]) => `${namespace}/${name}:${port}`), { maxLength: 30 }), (services) => {
    const names = [...consulNames(services).values()]
    expect(new Set(names).size).toBe(services.length)
    for (const name of names) expect(name).toMatch(/^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/)
  }))
  expect([...consulNames(['a-b/c:1', 'b/c-a:1']).values()]).toEqual(['c-a-b-1', 'c-a-b-1-2'])
})

test('tuned settings follow the FailoverPolicy, stock ones leave all to Consul', async () => {
  const tuned = await plannedFromCatalogue('three-regions', 'mesh', tunedSettings())
  const stock = await plannedFromCatalogue('three-regions', 'mesh', stockSettings)
  const [mine, theirs] = [tuned, stock].map(({ plan }) => plan.regions[0].registrations.find(({ ID }) => ID === 'catalog-shop-8080-0')!)
  // 2 misses, well again after 5 successes over at least 3 s: see `defaultHealth`; Consul checks once a second at most.
  expect(mine.Checks[0]).toMatchObject({ Interval: '1000ms', Timeout: '200ms', FailuresBeforeCritical: 2, SuccessBeforePassing: 5 })
  expect(mine.Connect!.SidecarService.Proxy.Config).toEqual({ local_request_timeout_ms: 300, local_connect_timeout_ms: 300 })
  expect(theirs.Checks[0]).toEqual({ Name: 'service', HTTP: mine.Checks[0].HTTP, Interval: '10000ms', Timeout: '10000ms', Status: 'passing' })
  expect(theirs.Connect!.SidecarService.Proxy.Config).toBeUndefined()
  const defaults = tunedSettings()
  expect(tunedSettings({ ...(await import('../../../gateway/snapshot/snapshot.ts')).defaultHealth, recovery: { successes: 50, minMs: 0, rampMs: 0, rampStart: 1 } }, 7))
    .toEqual({ ...defaults, maxAttempts: 7, check: { ...defaults.check, successBeforePassing: 50 }, passive: { ...defaults.passive, ejectionMs: 0 } })
})

test('an agent has every port from the block, no DNS, nothing that calls home, and refuses whoever is not named', async () => {
  const { plan: { regions: [{ region, agent: { config } }] } } = await plannedFromCatalogue('two-regions', 'gateway')
  expect(config).toMatchObject({
    server: true, bootstrap_expect: 1, data_dir: `/run/consul.${region}`, peering: { enabled: true }, connect: { enabled: true },
    ports: { dns: -1, https: -1, serf_wan: -1 }, disable_update_check: true, default_intention_policy: 'deny', log_level: 'warn',
  })
})
