// The client against an API server that a test plays: what it asks, in which order, what it tries again, and in which
// words it gives up.

import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RegionApi } from './api.ts'
import { playServer, status, type Handler, type PlayedServer } from './api-server.case.ts'
import { openRegionApi } from './client.ts'

const kinds: Record<string, object> = {
  '/api/v1': { resources: [{ name: 'namespaces', kind: 'Namespace', namespaced: false }, { name: 'configmaps', kind: 'ConfigMap', namespaced: true }, { name: 'pods', kind: 'Pod', namespaced: true }] },
  '/apis/apps/v1': { resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }, { name: 'deployments/scale', kind: 'Scale', namespaced: true }] },
  '/apis/apiextensions.k8s.io/v1': { resources: [{ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false }] },
}

/** Discovery, and `more` for the rest; what neither knows is 404. */
const server = (more: Handler): Promise<PlayedServer> => playServer((request, response) =>
  kinds[request.path] === undefined ? more(request, response) : { status: 200, body: kinds[request.path] })

async function connected(played: PlayedServer, work: (api: RegionApi) => Promise<void>): Promise<void> {
  const api = await openRegionApi({ region: 'eu-west', kubeconfig: played.kubeconfig })
  try {
    await work(api)
  } finally {
    api.close()
  }
}

const object = (kind: string, name: string, apiVersion = 'v1') => ({ apiVersion, kind, metadata: { name, namespace: 'shop' } })
const echo: Handler = ({ body }) => ({ status: 200, body })

describe('apply', () => {
  it('is server-side, forced, under one field manager, and gives what the server has then in the order given', async () => {
    await using played = await server(({ body }) => ({ status: 200, body: { ...JSON.parse(body) as object, seen: true } }))
    await connected(played, async (api) => {
      const given = [object('ConfigMap', 'a'), object('ConfigMap', 'b'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }]
      expect(await api.apply(given)).toEqual(given.map((one) => ({ ...one, seen: true })))
    })
    const patches = played.asked.filter(({ method }) => method === 'PATCH')
    expect(patches.map(({ path }) => path)).toEqual(['/api/v1/namespaces/shop', '/api/v1/namespaces/shop/configmaps/a', '/api/v1/namespaces/shop/configmaps/b'])
    for (const { query, headers } of patches) {
      expect(Object.fromEntries(query)).toEqual({ fieldManager: 'regatta', force: 'true' })
      expect(headers).toMatchObject({ 'content-type': 'application/apply-patch+yaml', authorization: 'Bearer secret' })
    }
  })

  it('waits until a definition is established before what it defines, and asks again for the new kind', async () => {
    let looked = 0
    await using played = await server(({ method, path, body }) => {
      if (path === '/apis/regatta.dev/v1') return looked < 3 ? status(404, 'not found') : { status: 200, body: { resources: [{ name: 'policies', kind: 'Policy', namespaced: true }] } }
      if (path.endsWith('/customresourcedefinitions/policies') && method === 'GET') {
        looked++
        return { status: 200, body: { metadata: { name: 'policies' }, status: { conditions: looked < 3 ? [] : [{ type: 'Established', status: 'True' }] } } }
      }
      return { status: 200, body }
    })
    await connected(played, async (api) => {
      await api.apply([object('Policy', 'p', 'regatta.dev/v1'), { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'policies' } }])
    })
    expect(looked).toBe(3)
    expect(played.asked.at(-1)).toMatchObject({ method: 'PATCH', path: '/apis/regatta.dev/v1/namespaces/shop/policies/p' })
  })

  it('does not begin Deployments when what they stand on was refused, and says what was refused and why', async () => {
    await using played = await server(({ path, body }) => path.includes('configmaps') ? status(403, 'configmaps "a" is forbidden') : { status: 200, body })
    await connected(played, async (api) => {
      await expect(api.apply([object('Deployment', 'd', 'apps/v1'), object('ConfigMap', 'a')])).rejects.toMatchObject({
        code: 'RGT_KUBERNETES', message: expect.stringContaining('apply ConfigMap shop/a'), details: { place: { file: 'played' }, found: '403: configmaps "a" is forbidden', hint: expect.any(String) },
      })
    })
    expect(played.asked.filter(({ path }) => path.includes('deployments'))).toEqual([])
  })

  it('says so when a kind is not there', async () => {
    await using played = await server(() => status(404, 'not found'))
    await connected(played, async (api) => {
      await expect(api.apply([object('Gateway', 'g', 'gateway.networking.k8s.io/v1')])).rejects.toMatchObject({ code: 'RGT_KUBERNETES', message: expect.stringContaining('no kind Gateway') })
    })
  })
})

describe('what passes', () => {
  it('is tried again: busy, restarting, a broken connection', async () => {
    let asked = 0
    await using played = await playServer((_, response) => {
      asked++
      if (asked === 1) return status(429, 'too many requests')
      if (asked === 2) return status(503, 'shutting down')
      if (asked === 3) {
        response.destroy()
        return
      }
      return { status: 200, body: { gitVersion: 'v1.34.4' } }
    })
    await connected(played, async (api) => expect(await api.version()).toBe('v1.34.4'))
    expect(asked).toBe(4)
  })

  it('asks for credentials again when they are no longer taken', async () => {
    let asked = 0
    await using played = await playServer(() => ++asked === 1 ? status(401, 'Unauthorized') : { status: 200, body: { gitVersion: 'v1.34.4' } })
    await connected(played, async (api) => expect(await api.version()).toBe('v1.34.4'))
    expect(asked).toBe(2)
  })

  it('does not include what the server means', async () => {
    await using played = await server(() => status(422, 'spec.x: Required value'))
    await connected(played, async (api) => {
      await expect(api.patch({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'a' }, {})).rejects.toMatchObject({ code: 'RGT_KUBERNETES', details: { found: '422: spec.x: Required value' } })
    })
    expect(played.asked.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  })

  it('does not include fields of another type, though the server answers 500', async () => {
    const words = 'failed to create typed patch object (shop/a; v1, Kind=ConfigMap): .data: expected map, got &{nonsense}'
    await using played = await server(() => status(500, words))
    await connected(played, async (api) => {
      await expect(api.patch({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'a' }, {})).rejects.toMatchObject({ code: 'RGT_KUBERNETES', details: { found: `500: ${words}` } })
    })
    expect(played.asked.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  })
})

describe('a server that is not there', () => {
  it('is RGT_KUBERNETES with the context, and closing ends what is still asked', async () => {
    const played = await playServer(() => {})
    const api = await openRegionApi({ region: 'eu-west', kubeconfig: played.kubeconfig, context: 'other' })
    const asking = expect(api.version()).rejects.toMatchObject({ code: 'RGT_KUBERNETES', message: expect.stringContaining('closed'), details: { place: { file: 'other' } } })
    await expect.poll(() => played.asked.length).toBe(1)
    api.close()
    await asking
    await played[Symbol.asyncDispose]()
  })

  it('is told by a pod call within its own time', async () => {
    await using played = await playServer(() => {})
    await connected(played, async (api) => {
      await expect(api.call({ namespace: 'shop', name: 'p', port: 80 }, { method: 'GET', path: '/', headers: {}, timeoutMs: 50 })).rejects.toMatchObject({
        code: 'RGT_KUBERNETES', details: { expected: expect.stringContaining('0.05 s'), found: 'nothing' },
      })
    })
  })
})

describe('a kubeconfig', () => {
  it.each([
    ['that is missing', '/nowhere/kubeconfig', undefined, 'cannot be read'],
    ['without that context', null, 'nope', 'no context nope'],
    ['whose context has no cluster', null, 'broken', 'names a cluster'],
  ])('%s is RGT_KUBECONFIG', async (_, file, context, message) => {
    await using played = await playServer(() => {})
    await expect(openRegionApi({ region: 'eu-west', kubeconfig: file ?? played.kubeconfig, ...(context === undefined ? {} : { context }) })).rejects.toMatchObject({
      code: 'RGT_KUBECONFIG', message: expect.stringContaining(message), details: { place: { file: file ?? played.kubeconfig }, hint: expect.any(String) },
    })
  })

  it('without a context asked for names those that there are', async () => {
    await using played = await playServer(() => {})
    await expect(openRegionApi({ region: 'eu-west', kubeconfig: played.kubeconfig, context: '' })).rejects.toMatchObject({ details: { expected: 'one of played, other, broken' } })
  })

  it('that is none is RGT_KUBECONFIG', async () => {
    await using played = await playServer(() => {})
    writeFileSync(played.kubeconfig, 'clusters: 5')
    await expect(openRegionApi({ region: 'eu-west', kubeconfig: played.kubeconfig })).rejects.toMatchObject({ code: 'RGT_KUBECONFIG' })
  })
})

describe('objects', () => {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'a' }

  it('that are not there, or of a kind that is not, are null; removing them is nothing', async () => {
    await using played = await server(() => status(404, 'not found'))
    await connected(played, async (api) => {
      expect(await api.read(ref)).toBeNull()
      expect(await api.read({ ...ref, apiVersion: 'x.y/v1', kind: 'Foo' })).toBeNull()
      await api.remove(ref, { wait: true })
      await api.remove({ ...ref, apiVersion: 'x.y/v1', kind: 'Foo' })
    })
  })

  it('are waited for until they are gone, if asked', async () => {
    let left = 3
    await using played = await server(({ method }) => method === 'GET' && --left < 0 ? status(404, 'gone') : { status: 200, body: { metadata: { uid: '1' } } })
    await connected(played, (api) => api.remove(ref, { wait: true, graceSeconds: 0 }))
    const removal = played.asked.find(({ method }) => method === 'DELETE')!
    expect(JSON.parse(removal.body)).toEqual({ propagationPolicy: 'Foreground', gracePeriodSeconds: 0 })
    expect(left).toBe(-1)
  })

  it('are changed in part: themselves, their scale, their status', async () => {
    await using played = await server(echo)
    await connected(played, async (api) => {
      const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'd' }
      await api.patch(deployment, { metadata: { labels: { a: null } } })
      await api.patch(deployment, { spec: { replicas: 0 } }, 'scale')
      await api.patch(deployment, { status: {} }, 'status')
    })
    const patches = played.asked.filter(({ method }) => method === 'PATCH')
    expect(patches.map(({ path, headers }) => [path.split('/').at(-1), headers['content-type']])).toEqual([
      ['d', 'application/merge-patch+json'], ['scale', 'application/merge-patch+json'], ['status', 'application/merge-patch+json'],
    ])
    expect(JSON.parse(patches[0].body)).toEqual({ metadata: { labels: { a: null } } })
  })
})

describe('pods', () => {
  it('are told with what matters of them', async () => {
    await using played = await server(() => ({
      status: 200, body: {
        items: [{
          metadata: { name: 'p', namespace: 'shop' }, spec: { nodeName: 'n', containers: [{ name: 'c' }] },
          status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ name: 'c', containerID: 'containerd://abc' }] },
        }, { metadata: { name: 'q', namespace: 'shop', deletionTimestamp: 'now' }, spec: { containers: [{ name: 'c' }] }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }],
      },
    }))
    await connected(played, async (api) => {
      expect(await api.pods({ namespace: 'shop', labels: { a: 'b', c: 'd' } })).toEqual([
        { namespace: 'shop', name: 'p', node: 'n', ready: true, address: '10.0.0.1', containerId: 'abc' },
        { namespace: 'shop', name: 'q', node: '', ready: false, address: '', containerId: '' },
      ])
    })
    expect(played.asked[0].query.get('labelSelector')).toBe('a=b,c=d')
  })

  it('are evicted as soon as their budget allows', async () => {
    let asked = 0
    await using played = await server(() => ++asked < 3 ? status(429, 'Cannot evict pod as it would violate the pod\'s disruption budget.') : { status: 201, body: {} })
    await connected(played, (api) => api.evict({ namespace: 'shop', name: 'p' }))
    expect(asked).toBe(3)
    expect(JSON.parse(played.asked.at(-1)!.body)).toMatchObject({ kind: 'Eviction', metadata: { namespace: 'shop', name: 'p' } })
  })

  it('are called through the server: their answer, whatever its status, but not the server\'s own refusal', async () => {
    await using played = await server(({ path, headers, body }) => path.endsWith(':9092/proxy/degrade')
      ? { status: 400, body: { code: 'RGT_CONTROL_REQUEST', host: headers.host, token: headers['x-regatta-token'], body } }
      : status(503, 'error trying to reach service: dial tcp 10.0.0.1:1: connect: connection refused'))
    await connected(played, async (api) => {
      const request = { method: 'POST', path: '/degrade', headers: { host: 'localhost', 'x-regatta-token': 't' }, body: '{}', timeoutMs: 1000 }
      const answer = await api.call({ namespace: 'shop', name: 'p', port: 9092 }, request)
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.body)).toEqual({ code: 'RGT_CONTROL_REQUEST', host: 'localhost', token: 't', body: '{}' })
      await expect(api.call({ namespace: 'shop', name: 'p', port: 1 }, request)).rejects.toMatchObject({ code: 'RGT_KUBERNETES', details: { found: expect.stringContaining('connection refused') } })
    })
  })
})
