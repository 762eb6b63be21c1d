// The client against a real API server, kubelet and container runtime: a workload that numbers its lines is followed while
// connections break, its container is started again and its pod is removed. No number is missing, none is there twice.

import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeCluster, uniqueName } from '../kind.case.ts'
import type { PodState, RegionApi } from './api.ts'
import { openRegionApi } from './client.ts'

const image = 'node:24-bookworm-slim'
const port = 8080
const labels = { 'regatta.dev/part': 'numbers' }

/** Writes `LIFE NUMBER` a thousand times a second, and at last `LIFE end COUNT`; ends when it is told to. */
const numbers = `
  const { readFileSync, writeFileSync } = require('node:fs')
  let life = 0
  try { life = Number(readFileSync('/state/life', 'utf8')) + 1 } catch {}
  writeFileSync('/state/life', String(life))
  let count = 0
  const filler = 'x'.repeat(100)
  setInterval(() => { for (let i = 0; i < 10; i++) console.log(life + ' ' + count++ + ' ' + filler) }, 10)
  const end = () => { console.log(life + ' end ' + count); process.exit(0) }
  process.on('SIGTERM', end)
  require('node:http').createServer((request, response) => {
    if (request.url === '/end') return end()
    response.writeHead(request.url === '/' ? 200 : 418, { 'content-type': 'text/plain' }).end(JSON.stringify({ host: request.headers.host, token: request.headers['x-regatta-token'], method: request.method }))
  }).listen(${port})
`

const deployment = (namespace: string, name: string, more: { image?: string; command?: string[] } = {}) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace },
  spec: {
    replicas: 1, selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name, ...(name === 'numbers' ? labels : {}) } },
      spec: {
        terminationGracePeriodSeconds: 5, automountServiceAccountToken: false,
        containers: [{
          name: 'numbers', image: more.image ?? image, imagePullPolicy: more.image === undefined ? 'IfNotPresent' : 'Never',
          command: more.command ?? ['node', '-e', numbers],
          ...(name === 'numbers' ? { readinessProbe: { httpGet: { path: '/', port }, periodSeconds: 1 }, volumeMounts: [{ name: 'state', mountPath: '/state' }] } : {}),
        }],
        volumes: [{ name: 'state', emptyDir: {} }],
      },
    },
  },
})

/** Between the client and the API server, so that connections can be broken. */
async function breakable(kubeconfig: string): Promise<{ kubeconfig: string; cut(): void; close(): void }> {
  const text = readFileSync(kubeconfig, 'utf8')
  const target = Number(/server: https:\/\/127\.0\.0\.1:(\d+)/.exec(text)![1])
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [one, other] of [[client, upstream], [upstream, client]]) {
      sockets.add(one)
      one.on('error', () => {}).on('close', () => {
        sockets.delete(one)
        other.destroy()
      }).pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => { for (const socket of sockets) socket.destroy() }
  writeFileSync(`${kubeconfig}.broken`, text.replace(String(target), String((server.address() as AddressInfo).port)), { mode: 0o600 })
  return {
    kubeconfig: `${kubeconfig}.broken`, cut,
    close() {
      cut()
      server.close()
    },
  }
}

describeCluster('an API server', (cluster) => {
  const namespace = uniqueName('regatta-test')
  let api: RegionApi
  let proxy: Awaited<ReturnType<typeof breakable>>

  beforeAll(async () => {
    await cluster.load(image)
    proxy = await breakable(cluster.kubeconfig)
    api = await openRegionApi({ region: 'eu-west', kubeconfig: proxy.kubeconfig, context: cluster.context })
    await api.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }])
  }, 60_000)
  afterAll(async () => {
    await api.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
    api.close()
    proxy.close()
  })

  const podNow = async (unlike?: string): Promise<PodState> => {
    let found: PodState | undefined
    await expect.poll(async () => {
      found = (await api.pods({ namespace, labels })).find(({ ready, name }) => ready && name !== unlike)
      return found !== undefined
    }, { timeout: 60_000, interval: 200 }).toBe(true)
    return found!
  }

  test('says its version', async () => expect(await api.version()).toMatch(/^v1\.\d+\.\d+/))

  test('is heard to the last line: through broken connections, a container that starts again, a pod that goes and one that comes', async () => {
    const heard = new Map<string, string[]>()
    const following = api.follow({ namespace, labels }, (pod, line) => {
      const lines = heard.get(pod) ?? []
      heard.set(pod, lines)
      lines.push(line)
    })
    const total = (pod: string): number => heard.get(pod)?.length ?? 0
    const grows = (pod: string): Promise<void> => {
      const before = total(pod)
      return expect.poll(() => total(pod), { timeout: 30_000, interval: 20 }).toBeGreaterThan(before + 500)
    }
    const ended = (pod: string, life: number): Promise<void> =>
      expect.poll(() => heard.get(pod)?.some((line) => line.startsWith(`${life} end `)), { timeout: 30_000 }).toBe(true)

    const stop = new AbortController().signal
    await api.apply([deployment(namespace, 'numbers')])
    await api.ready([{ namespace, name: 'numbers' }], 60_000, stop)
    const first = await podNow()
    await grows(first.name)
    proxy.cut()
    await grows(first.name)
    // The container ends while nobody is connected.
    await expect(api.call({ namespace, name: first.name, port }, { method: 'POST', path: '/end', headers: {}, timeoutMs: 5000 })).rejects.toMatchObject({ code: 'RGT_KUBERNETES' })
    proxy.cut()
    await ended(first.name, 0)
    await api.ready([{ namespace, name: 'numbers' }], 60_000, stop)
    await grows(first.name)
    await api.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name: first.name })
    await ended(first.name, 1)
    const second = await podNow(first.name)
    await grows(second.name)
    await api.patch({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'numbers' }, { spec: { replicas: 0 } }, 'scale')
    await ended(second.name, 0)
    following.stop()

    for (const [pod, lives] of [[first.name, 2], [second.name, 1]] as const) {
      const lines = heard.get(pod)!
      const expected = Array.from({ length: lives }, (_, life) => {
        const count = Number(lines.find((line) => line.startsWith(`${life} end `))!.split(' ')[2])
        return [...Array.from({ length: count }, (_, number) => `${life} ${number}`), `${life} end`]
      }).flat()
      expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(expected)
    }
    expect([...heard.keys()].sort()).toEqual([first.name, second.name].sort())
  }, 180_000)

  test('passes calls on to pods with the headers given, and what they answer back', async () => {
    await api.patch({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'numbers' }, { spec: { replicas: 1 } }, 'scale')
    const { name } = await podNow()
    const answer = await api.call({ namespace, name, port }, { method: 'POST', path: '/some/path?a=b', headers: { host: 'localhost', 'x-regatta-token': 't' }, body: '{}', timeoutMs: 5000 })
    expect(answer).toEqual({ status: 418, body: JSON.stringify({ host: 'localhost', token: 't', method: 'POST' }) })
    await expect(api.call({ namespace, name, port: 1 }, { method: 'GET', path: '/', headers: {}, timeoutMs: 5000 })).rejects.toMatchObject({ code: 'RGT_KUBERNETES' })
  }, 90_000)

  test('evicts a pod, and another one comes', async () => {
    const { name } = await podNow()
    await api.evict({ namespace, name })
    expect((await podNow(name)).name).not.toBe(name)
  }, 90_000)

  test('says why a workload is not ready: its image is missing, it crashes', async () => {
    await api.apply([
      deployment(namespace, 'missing', { image: 'regatta.invalid/none:1' }),
      deployment(namespace, 'crashing', { command: ['node', '-e', 'console.error("RGT_BOOTSTRAP: no"); process.exit(4)'] }),
    ])
    await expect(api.ready([{ namespace, name: 'missing' }], 60_000, new AbortController().signal)).rejects.toMatchObject({ code: 'RGT_WORKLOAD', details: { found: expect.stringContaining('ErrImageNeverPull') } })
    await expect(api.ready([{ namespace, name: 'crashing' }], 5_000, new AbortController().signal)).rejects.toMatchObject({
      code: 'RGT_WORKLOAD', details: { found: expect.stringMatching(/exit code 4.*last words: RGT_BOOTSTRAP: no/) },
    })
    await api.remove({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'crashing' }, { wait: true, graceSeconds: 0 })
    expect(await api.read({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'crashing' })).toBeNull()
  }, 120_000)
})
