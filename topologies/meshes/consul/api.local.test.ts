// The client against an agent that a test plays: what it asks, what it takes for an answer, and in which words it and
// the waits give up.

import { describe, expect, it } from 'vitest'
import { playAgent, type AgentHandler, type Asked } from './agent.case.ts'
import { openConsulApi, type ConsulApi } from './api.ts'
import { untilImported, untilReady } from './waits.ts'

const roots = { ActiveRootID: 'a', TrustDomain: 'x.consul', Roots: [{ ID: 'a', RootCert: 'pem', Active: true }] }
const self = { Config: { Datacenter: 'eu-west', Version: '1.19.2' }, xDS: { SupportedProxies: { envoy: ['1.29.5', '1.28.4'] } } }
const peering = (State: string, ImportedServices: string[] | null = null) => ({ body: { Name: 'us-east', State, StreamStatus: { ImportedServices, ExportedServices: null } } })
const instance = (id: string, status: string, output = '') => ({
  Service: { ID: id, Service: 'cart', Address: '127.0.0.1', Port: 1 }, Checks: [{ CheckID: `service:${id}`, Status: status, Output: output }],
})
/** Each answer once, the last one for ever. */
const inTurn = (answers: ReturnType<AgentHandler>[]): AgentHandler => () => (answers.length > 1 ? answers.shift()! : answers[0])

describe('calls', () => {
  it.each<[string, (api: ConsulApi) => Promise<unknown>, unknown, Asked, unknown]>([
    ['the leader', (api) => api.leader(), '"127.0.0.1:8300"', { method: 'GET', url: '/v1/status/leader', body: null }, '127.0.0.1:8300'],
    ['itself', (api) => api.self(), self, { method: 'GET', url: '/v1/agent/self', body: null }, { datacenter: 'eu-west', version: '1.19.2', envoys: ['1.29.5', '1.28.4'] }],
    ['to register', (api) => api.registerService({ Name: 'cart', Port: 1 }), '', { method: 'PUT', url: '/v1/agent/service/register', body: { Name: 'cart', Port: 1 } }, undefined],
    ['to write an entry', (api) => api.writeConfigEntry({ Kind: 'mesh', Name: 'mesh' }), true, { method: 'PUT', url: '/v1/config', body: { Kind: 'mesh', Name: 'mesh' } }, undefined],
    ['for a token', (api) => api.generatePeeringToken('eu', ['127.1.0.1:1']), { PeeringToken: 't' },
      { method: 'POST', url: '/v1/peering/token', body: { PeerName: 'eu', ServerExternalAddresses: ['127.1.0.1:1'] } }, 't'],
    ['to establish', (api) => api.establishPeering('us', 't'), {}, { method: 'POST', url: '/v1/peering/establish', body: { PeerName: 'us', PeeringToken: 't' } }, undefined],
    ['for health', (api) => api.health('cart'), [instance('a', 'passing')], { method: 'GET', url: '/v1/health/service/cart', body: null }, [instance('a', 'passing')]],
    ['for sidecars of a peer', (api) => api.health('cart', { connect: true, peer: 'us' }), null, { method: 'GET', url: '/v1/health/connect/cart?peer=us', body: null }, []],
    ['for a certificate', (api) => api.leaf('cart'), { CertPEM: 'c', PrivateKeyPEM: 'k' }, { method: 'GET', url: '/v1/agent/connect/ca/leaf/cart', body: null }, { certificate: 'c', key: 'k' }],
    ['for roots', (api) => api.caRoots(), roots, { method: 'GET', url: '/v1/connect/ca/roots', body: null }, roots],
    ['for a peering', (api) => api.peering('us-east'), peering('ACTIVE').body, { method: 'GET', url: '/v1/peering/us-east', body: null },
      { Name: 'us-east', State: 'ACTIVE', StreamStatus: { ImportedServices: [], ExportedServices: [] } }],
  ])('ask %s', async (_what, call, body, asked, result) => {
    await using agent = await playAgent(() => ({ body }))
    expect(await call(agent.api)).toEqual(result)
    expect(agent.asked).toEqual([asked])
  })

  it('tell a peering that is not there from a server that is no agent', async () => {
    await using agent = await playAgent(inTurn([{ status: 404, body: 'Peering not found for "us"' }, { status: 404, body: 'nothing here' }]))
    expect(await agent.api.peering('us')).toBeNull()
    await expect(agent.api.peering('us')).rejects.toMatchObject({ code: 'RGT_MESH', details: { found: '404: nothing here' } })
  })

  it('give a refusal in the words of Consul, and where it was', async () => {
    await using agent = await playAgent(() => ({ status: 500, body: 'Redirect and Failover cannot both be set' }))
    await expect(agent.api.writeConfigEntry({ Kind: 'service-resolver', Name: 'x' })).rejects.toMatchObject({
      code: 'RGT_MESH', message: 'the Consul agent of eu-west refused: PUT /v1/config',
      details: { place: { file: agent.api.origin, path: '/v1/config' }, found: '500: Redirect and Failover cannot both be set' },
    })
  })

  it.each([['a page', '<html>hello</html>', 'expected'], ['other JSON', { Config: { Datacenter: 7 } }, 'Config.Datacenter']])('know %s from an agent', async (_what, body, expected) => {
    await using agent = await playAgent(() => ({ body }))
    await expect(agent.api.self()).rejects.toMatchObject({
      code: 'RGT_MESH', message: expect.stringContaining('answers as no agent does'), details: { expected: expect.stringContaining(expected), hint: expect.stringContaining('port') },
    })
  })

  it('give up on silence, and on a port where nothing listens', async () => {
    await using agent = await playAgent(() => 'silence', 50)
    await expect(agent.api.leader()).rejects.toMatchObject({ code: 'RGT_MESH', details: { expected: 'an answer within 0.05 s', found: 'nothing' } })
    const nobody = openConsulApi({ region: 'eu-west', http: { host: '127.0.0.1', port: 1 }, signal: new AbortController().signal })
    await expect(nobody.leader()).rejects.toMatchObject({ code: 'RGT_MESH', details: { found: expect.stringContaining('ECONNREFUSED') } })
    await nobody.close()
  })

  it('end with the reason of the signal', async () => {
    const reason = new Error('stopped')
    await using agent = await playAgent(() => {
      agent.abort(reason)
      return 'silence'
    })
    await expect(agent.api.leader()).rejects.toBe(reason)
  })
})

describe('waits', () => {
  it('go on once there are a leader, the right datacenter and an authority', async () => {
    let looked = 0
    await using agent = await playAgent(({ url }) => {
      if (url === '/v1/agent/self') return { body: self }
      if (url === '/v1/connect/ca/roots') return { body: looked < 4 ? { ActiveRootID: '', TrustDomain: '', Roots: null } : roots }
      looked++
      return looked === 1 ? { status: 500, body: 'No cluster leader' } : { body: looked === 2 ? '""' : '"127.0.0.1:8300"' }
    })
    expect(await untilReady(agent.api, 60_000)).toEqual(roots)
    expect(looked).toBe(4)
  })

  it('do not wait for the agent of somebody else', async () => {
    await using agent = await playAgent(({ url }) => ({ body: url === '/v1/agent/self' ? { Config: { Datacenter: 'dc1', Version: '1' } } : '"a:1"' }))
    await expect(untilReady(agent.api, 60_000)).rejects.toMatchObject({ code: 'RGT_MESH', details: { found: 'an agent of datacenter dc1' } })
  })

  it('say what an agent that never becomes ready answered last', async () => {
    await using agent = await playAgent(() => ({ status: 500, body: 'No cluster leader' }))
    await expect(untilReady(agent.api, 0)).rejects.toMatchObject({
      code: 'RGT_MESH', details: { place: { file: agent.api.origin }, expected: expect.stringContaining('a leader'), found: expect.stringContaining('500: No cluster leader') },
    })
  })

  it('go on once a peering is active and imports all that is named', async () => {
    await using agent = await playAgent(inTurn([{ status: 404, body: 'Peering not found' }, peering('ESTABLISHING'), peering('ACTIVE', ['cart']), peering('ACTIVE', ['cart', 'user'])]))
    await untilImported(agent.api, 'us-east', ['cart', 'user'], 60_000)
    expect(agent.asked.length).toBe(4)
  })

  it.each([
    ['ACTIVE', ['cart'], 0, 'ACTIVE, without user'],
    ['FAILING', null, 0, 'FAILING, without cart, user'],
    // Never comes back: nothing is waited for.
    ['TERMINATED', ['cart', 'user'], 60_000, 'TERMINATED'],
  ])('say what a peering %s lacks', async (state, imported, timeoutMs, found) => {
    await using agent = await playAgent(() => peering(state, imported))
    await expect(untilImported(agent.api, 'us-east', ['cart', 'user'], timeoutMs)).rejects.toMatchObject({
      code: 'RGT_MESH', message: 'eu-west: the peering with us-east did not come up',
      details: { place: { path: '/v1/peering/us-east' }, expected: expect.stringContaining('importing cart, user'), found },
    })
  })

  it('end with the reason of the signal', async () => {
    const reason = new Error('stopped')
    await using agent = await playAgent(() => {
      setTimeout(() => agent.abort(reason), 10)
      return { body: '""' }
    })
    await expect(untilReady(agent.api, 60_000)).rejects.toBe(reason)
  })
})
