// Following against a node that a test plays: containers write, end and start again, streams break, the API server is
// lost, status lags behind. Each line is heard once and in order, or the test says which.

import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RegionApi } from './api.ts'
import { playServer, status, type PlayedServer, type Request } from './api-server.case.ts'
import { openRegionApi } from './client.ts'

interface Container { id: string; file: string[]; ended: boolean; readers: Set<ServerResponse> }

/** One pod of one container at a time, as a node and an API server show it. */
class PlayedPod {
  readonly containers: Container[] = []
  readonly name: string
  /** Index of the container that the API server still shows; null = the newest. */
  lagging: number | null = null
  private nowNs = 0n
  private written = 0
  constructor(name: string) {
    this.name = name
    this.start()
  }
  start(): void {
    this.containers.push({ id: `containerd://${this.name}-${this.containers.length}`, file: [], ended: false, readers: new Set() })
  }
  /** Some lines share a stamp, and some a second. */
  write(...lines: string[]): void {
    const container = this.containers.at(-1)!
    for (const line of lines) {
      this.nowNs += this.written++ % 4 === 1 ? 0n : 130_000_000n
      const second = new Date(Number(this.nowNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
      const stamped = `${second}.${String(this.nowNs % 1_000_000_000n).padStart(9, '0')}Z ${line}\n`
      container.file.push(stamped)
      for (const reader of container.readers) reader.write(stamped)
    }
  }
  end(): void {
    const container = this.containers.at(-1)!
    container.ended = true
    for (const reader of container.readers) reader.end()
  }
  get object(): object {
    const shown = this.lagging ?? this.containers.length - 1
    const { id, ended } = this.containers[shown]
    const before = this.containers[shown - 1]
    return {
      metadata: { name: this.name, namespace: 'system', uid: this.name }, spec: { containers: [{ name: 'gateway' }] },
      status: {
        phase: 'Running', containerStatuses: [{
          name: 'gateway', containerID: id, restartCount: shown,
          state: ended && this.lagging === null ? { terminated: { containerID: id } } : { running: {} },
          lastState: before === undefined ? {} : { terminated: { containerID: before.id } },
        }],
      },
    }
  }
  answer({ query }: Request, response: ServerResponse): void {
    const container = query.get('previous') === 'true' ? this.containers.at(-2)! : this.containers.at(-1)!
    const since = query.get('sinceTime')?.slice(0, 19) ?? ''
    response.writeHead(200)
    for (const line of container.file) if (line.slice(0, 19) >= since) response.write(line)
    if (query.get('follow') !== 'true' || container.ended) return void response.end()
    response.flushHeaders()
    container.readers.add(response)
    response.on('close', () => container.readers.delete(response))
  }
}

/** The doorbell of a watch: rings when pods are others than that list had. */
function watchPods(version: string, response: ServerResponse): void {
  response.writeHead(200).flushHeaders()
  const looking = setInterval(() => {
    if (lost) response.destroy()
    else if (versionOf() !== version) response.write('{}\n')
  }, 20)
  response.on('close', () => clearInterval(looking))
}
const versionOf = (): string => [...pods.keys()].join()

let played: PlayedServer
let api: RegionApi
const pods = new Map<string, PlayedPod>()
const heard: string[] = []
let lost = false

beforeEach(async () => {
  pods.clear()
  heard.length = 0
  lost = false
  played = await playServer((request, response) => {
    if (lost) {
      response.destroy()
      return
    }
    const [, name, log] = /^\/api\/v1\/namespaces\/system\/pods(?:\/([^/]+)(\/log)?)?$/.exec(request.path)!
    if (name === undefined && request.query.get('watch') === 'true') return watchPods(request.query.get('resourceVersion')!, response)
    if (name === undefined) return { status: 200, body: { metadata: { resourceVersion: versionOf() }, items: [...pods.values()].map(({ object }) => object) } }
    const pod = pods.get(name)
    if (pod === undefined) return status(404, 'not found')
    if (log === undefined) return { status: 200, body: pod.object }
    pod.answer(request, response)
  })
  api = await openRegionApi({ region: 'eu-west', kubeconfig: played.kubeconfig })
})
afterEach(async () => {
  api.close()
  await played[Symbol.asyncDispose]()
})

const pod = (name = 'p'): PlayedPod => {
  const made = new PlayedPod(name)
  pods.set(name, made)
  return made
}
const follow = (): void => void api.follow({ namespace: 'system', labels: { part: 'gateway' } }, (name, line) => heard.push(`${name}: ${line}`))
const lines = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `line ${from + index}`)
const hears = (expected: string[]): Promise<void> => expect.poll(() => heard, { timeout: 15_000, interval: 20 }).toEqual(expected)
const of = (name: string, said: string[]): string[] => said.map((line) => `${name}: ${line}`)

it('hears what was written before and after, of pods that are there and of new ones', async () => {
  const first = pod()
  first.write(...lines(5))
  follow()
  await hears(of('p', lines(5)))
  first.write(...lines(3, 5))
  await hears(of('p', lines(8)))
  const second = pod('q')
  second.write('hello')
  await hears([...of('p', lines(8)), 'q: hello'])
})

it('takes up a stream that broke where it broke, again and again', async () => {
  const one = pod()
  follow()
  for (let written = 0; written < 60; written += 10) {
    one.write(...lines(7, written))
    await hears(of('p', lines(written + 7)))
    played.cut()
    one.write(...lines(3, written + 7))
    await hears(of('p', lines(written + 10)))
  }
})

it('reads the rest of a container that ended while the API server was lost, then the next one', async () => {
  const one = pod()
  follow()
  one.write(...lines(10))
  await hears(of('p', lines(10)))
  lost = true
  played.cut()
  one.write(...lines(5, 10))
  one.end()
  one.start()
  one.write(...lines(5, 15))
  lost = false
  await hears(of('p', lines(20)))
  one.write(...lines(2, 20))
  await hears(of('p', lines(22)))
})

it('begins with the log of the container before, when it comes late', async () => {
  const one = pod()
  one.write('crashed')
  one.end()
  one.start()
  one.write('serves')
  follow()
  await hears(['p: crashed', 'p: serves'])
})

it('waits for the status that lags, rather than take the next container\'s lines for this one\'s', async () => {
  const one = pod()
  follow()
  one.write(...lines(4))
  await hears(of('p', lines(4)))
  lost = true
  played.cut()
  one.write(...lines(4, 4))
  one.end()
  one.start()
  one.lagging = 0
  one.write(...lines(4, 8))
  lost = false
  const logs = (): number => played.asked.filter(({ path }) => path.endsWith('/log')).length
  const before = logs()
  await expect.poll(logs, { timeout: 15_000 }).toBeGreaterThan(before)
  one.lagging = null
  await hears(of('p', lines(12)))
})

it('goes on after a rotation, of which only the newest file is left', async () => {
  const one = pod()
  follow()
  one.write(...lines(6))
  await hears(of('p', lines(6)))
  lost = true
  played.cut()
  one.containers[0].file.length = 0
  one.write(...lines(6, 20))
  lost = false
  await hears(of('p', [...lines(6), ...lines(6, 20)]))
  one.write('on')
  await hears(of('p', [...lines(6), ...lines(6, 20), 'on']))
})

it('leaves pods alone that are gone, and hears nothing once it is stopped', async () => {
  const one = pod()
  const following = api.follow({ namespace: 'system', labels: {} }, (_, line) => heard.push(line))
  one.write('a')
  await hears(['a'])
  pods.delete('p')
  one.end()
  const asked = played.asked.length
  // A list a second goes on; the pod is not asked for again once the server has said that it is gone.
  await expect.poll(() => played.asked.slice(asked).filter(({ path }) => path.endsWith('/pods')).length, { timeout: 15_000 }).toBeGreaterThan(1)
  expect(played.asked.slice(asked).filter(({ path }) => path.includes('/pods/p')).length).toBeLessThanOrEqual(1)
  following.stop()
  const other = pod('q')
  other.write('b')
  await expect.poll(() => other.containers[0].readers.size).toBe(0)
  expect(heard).toEqual(['a'])
})
