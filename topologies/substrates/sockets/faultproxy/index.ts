// The fault proxy on every link: real Toxiproxy when there is one, otherwise our own process with the same
// API. Both are driven by the same client, so nothing above this file knows which one serves.

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { SnapshotAddress } from '../../../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../../../errors.ts'
import { openApiClient, type ApiClient } from './client.ts'
import type { FaultProxyBootstrap } from './embedded/main.ts'
import { createEntry, type CutMode, type Entry, type Stream } from './entry.ts'

export type { CutMode, Stream } from './entry.ts'

export interface FaultProxyEntry {
  name: string
  /** As the proxy itself sees addresses: in a container these are not the machine's. */
  listen: SnapshotAddress
  upstream: SnapshotAddress
}

export interface FaultProxy {
  readonly kind: 'toxiproxy' | 'embedded'
  readonly version: string
  /** Open entries, in one call. */
  add(entries: FaultProxyEntry[]): Promise<void>
  /** One-way delay of a stream from now on (not added to what was set before). Whole milliseconds; 0 = none. */
  setDelay(name: string, stream: Stream, delayMs: number, jitterMs: number): Promise<void>
  /**
   * black-hole: data of this stream vanishes, connections are still accepted; open ones are closed on healing.
   * refuse: the listener closes and open connections with it. A connection needs both ways, so refusing one
   * stream refuses the entry, until the last refused stream is healed.
   */
  cut(name: string, stream: Stream, mode: CutMode): Promise<void>
  uncut(name: string, stream: Stream, mode: CutMode): Promise<void>
  /** null takes the throttle away. Resolution and least value are 1,000 bytes/s. */
  throttle(name: string, stream: Stream, bytesPerSecond: number | null): Promise<void>
  /** Close open connections once; the listener stays open. */
  reset(name: string): Promise<void>
  close(): Promise<void>
}

export interface FaultProxyOptions {
  /** Path of toxiproxy-server; null = the embedded one. */
  binary: string | null
  apiPort: number
  token: string
  /** Folder for the embedded proxy's bootstrap file; made when missing. */
  stateDir: string
  /** The embedded proxy's program, when it was bundled; otherwise it runs from its source. */
  program?: string
  /** Seed of the embedded proxy's jitter; Toxiproxy's cannot be set. */
  seed?: number
  /** Start a process and own it. Its standard input must be a pipe: the embedded proxy ends when it closes. */
  spawn(command: string, args: string[], name: string): ChildProcess
}

const readyWithinMs = 10_000
const endWithinMs = 2_000

/** What a client sees, for the capability table. */
export const faultProxySymptoms = {
  delay: 'data is late by the delay each way; the TCP handshake is not (the proxy accepts at once)',
  throttle: 'data trickles at the rate; the handshake is untouched',
  'black-hole': 'connections are accepted and stay silent; open ones are closed on healing',
  refuse: 'connection refused; open ones are closed. Either direction refuses the whole link',
  reset: 'open connections are closed once; new ones work',
} as const

/**
 * Start the proxy and wait until its API answers.
 * @throws CodedError RGT_SUBSTRATE_START when it ends early or does not answer within 10 s.
 */
export async function openFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const child = await start(options)
  let said = ''
  let failure: Error | null = null
  child.stderr?.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-2_000) })
  child.once('error', (error) => { failure = error })
  return connectFaultProxy({
    kind: options.binary === null ? 'embedded' : 'toxiproxy', apiPort: options.apiPort, token: options.token,
    ended: () => (failure === null && child.exitCode === null && child.signalCode === null ? null : String(failure ?? said).trim() || `exit code ${child.exitCode ?? child.signalCode}`),
    said: () => said.trim(),
    end: () => end(child),
  })
}

/** A proxy that somebody else started and owns: a process here, or a container whose API is mapped to loopback. */
export interface RunningFaultProxy {
  kind: FaultProxy['kind']
  apiPort: number
  token: string
  /** Its last words when it is no more; null while it runs. */
  ended(): string | null
  /** What it said so far, for the error when it does not answer. */
  said(): string
  end(): Promise<void>
}

/**
 * Waits until the API of a running proxy answers.
 * @throws CodedError RGT_SUBSTRATE_START when it ends early or does not answer within 10 s; it is ended then.
 */
export async function connectFaultProxy(running: RunningFaultProxy): Promise<FaultProxy> {
  const client = openApiClient(running.apiPort, running.token)
  const close = async (): Promise<void> => {
    await client.close()
    await running.end()
  }
  try {
    return drive(running.kind, await ready(running, client), client, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function start({ binary, apiPort, token, stateDir, program, seed, spawn }: FaultProxyOptions): Promise<ChildProcess> {
  if (binary !== null) {
    // It would log every accepted connection, and at a few hundred requests a second a second thread costs more in
    // wake-ups than it carries. env(1) becomes the proxy, so the process id is the proxy's.
    const child = spawn('/usr/bin/env', ['LOG_LEVEL=error', 'GOMAXPROCS=1', binary, '-host', '127.0.0.1', '-port', `${apiPort}`], 'fault-proxy')
    child.stdout?.resume()
    return child
  }
  const bootstrap: FaultProxyBootstrap = { listen: { host: '127.0.0.1', port: apiPort }, token, seed: seed ?? 1 }
  const file = join(stateDir, 'fault-proxy.json')
  await mkdir(stateDir, { recursive: true })
  await writeFile(file, JSON.stringify(bootstrap), { mode: 0o600 })
  const main = program ?? fileURLToPath(new URL('./embedded/main.ts', import.meta.url))
  return spawn(process.execPath, [main, file], 'fault-proxy')
}

/** Version of the API that answers. */
async function ready({ ended, said }: RunningFaultProxy, { toxiproxy }: ApiClient): Promise<string> {
  for (let waitedMs = 0; waitedMs < readyWithinMs; waitedMs += 10) {
    const lastWords = ended()
    if (lastWords !== null) {
      throw topologyError('RGT_SUBSTRATE_START', 'the fault proxy ended before it was ready', {
        found: lastWords,
        hint: 'see whether its API port is taken and its file is executable',
      })
    }
    const text = await toxiproxy.getVersion().catch(() => null)
    if (text !== null) return (JSON.parse(text) as { version: string }).version
    await sleep(10)
  }
  throw topologyError('RGT_SUBSTRATE_START', 'the fault proxy did not answer in time', {
    expected: `GET ${toxiproxy.host}/version within ${readyWithinMs / 1000} s`, found: said() || 'silence',
  })
}

function drive(kind: FaultProxy['kind'], version: string, client: ApiClient, close: () => Promise<void>): FaultProxy {
  const entries = new Map<string, Entry>()
  const entry = (name: string): Entry => {
    const found = entries.get(name)
    if (found === undefined) throw topologyError('RGT_UNSUPPORTED', `the fault proxy has no entry called ${name}`)
    return found
  }
  return {
    kind,
    version,
    async add(wanted) {
      const made = await client.toxiproxy.populate(wanted.map(({ name, listen, upstream }) => ({
        name: wireName(name), listen: `${listen.host}:${listen.port}`, upstream: `${upstream.host}:${upstream.port}`, enabled: true,
      })))
      for (const { name } of wanted) entries.set(name, createEntry(made[wireName(name)]))
    },
    setDelay: async (name, stream, delayMs, jitterMs) => entry(name).setDelay(stream, delayMs, jitterMs),
    cut: async (name, stream, mode) => entry(name).cut(stream, mode),
    uncut: async (name, stream, mode) => entry(name).uncut(stream, mode),
    throttle: async (name, stream, bytesPerSecond) => entry(name).throttle(stream, bytesPerSecond),
    reset: async (name) => entry(name).reset(),
    close,
  }
}

/** Names go into URLs as they are; what a path cannot hold is written as ~hex. */
function wireName(name: string): string {
  return encodeURIComponent(name).replaceAll('%', '~')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const asked = new AbortController()
  await Promise.race([exited, sleep(endWithinMs, undefined, { signal: asked.signal }).catch(() => {})])
  asked.abort()
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await exited
  }
}
