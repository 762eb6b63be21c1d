// A control plane's life beside its API server: lists and watches everything that source.ts asks for, and writes the
// status. Each watch goes on from where it was; whether the server is there is asked by itself, so that it is told once
// and not by every watch. While it is gone, the plane serves on from memory.
//
//   watch (one a kind and namespace) ──► source ──► plane
//   pulse ──► api-server-lost, api-server-found ──► every watch begins again, from the version that it had

import { KubeConfig } from '@kubernetes/client-node'
import { CodedError, gatewayError } from '../../errors.ts'
import type { Clock, Evidence, Scheduler } from '../../ports.ts'
import { openAlarm } from '../alarm.ts'
import type { Discovery, KubernetesSource } from '../protocol.ts'
import { ApiServerError, collectionPath, openApiServer, type ApiServer } from './api-server.ts'
import { revisionCollection } from './collections.ts'
import { openPulse } from './pulse.ts'
import { configRevisionName, type ConfigRevisionStatus } from './revision.ts'
import { createSource, watchedOf, type SourceOptions, type Watched } from './source.ts'

export interface ClusterOptions extends Pick<SourceOptions, 'held' | 'publish' | 'discover'> {
  source: KubernetesSource
  region: string
  /** As the bootstrap says. */
  discovery: Discovery
  clock: Clock
  scheduler: Scheduler
  evidence: Evidence
  /** The service account of the pod when left out. */
  config?: KubeConfig
}

export interface ClusterWatch {
  /** Everything has been listed once: it is known what there is to serve, and be it nothing. */
  readonly synced: boolean
  close(): void
}

/** What is refused or missing is asked for again after this long, milliseconds. */
const againMs = 5_000
/** A watch that ends sooner than this is begun again after a pause. */
const shortMs = 1_000
const pauseMs = 200

export function watchCluster(options: ClusterOptions): ClusterWatch {
  const { source: where, clock, scheduler, evidence } = options
  const server = openApiServer(options.config ?? inCluster(), scheduler)
  const closing = new AbortController()
  const pulse = openPulse({ server, clock, scheduler, evidence, signal: closing.signal, found: () => restart(false) })
  const watches: Watch[] = watchedOf(where).map((watched) => ({ watched, version: null, under: new AbortController(), told: '' }))
  let revisionListed = deferred()
  const writer = statusWriter(server, `${collectionPath(revisionCollection, where.systemNamespace)}/${configRevisionName}/status`, parts())

  const source = createSource({
    source: where, region: options.region, discovery: options.discovery,
    held: options.held, publish: options.publish, discover: options.discover,
    tell: (event) => evidence.event(event),
    answer: writer.write,
    relist: () => restart(true),
  })
  const alarm = openAlarm(clock, scheduler, () => step({ kind: 'tick' }))

  function step(event: Parameters<typeof source.step>[0]): void {
    if (closing.signal.aborted) return
    source.step(event, clock.nowUs())
    alarm.set(source.nextUs)
  }

  function parts(): Parts {
    return { scheduler, signal: closing.signal, pulse, log: (level, error) => log(options, level, error) }
  }

  /** Every watch begins again; with `anew` from a whole list. */
  function restart(anew: boolean): void {
    if (anew) revisionListed = deferred()
    for (const watch of watches) {
      if (anew) watch.version = null
      watch.under.abort()
    }
  }

  async function follow(watch: Watch): Promise<void> {
    while (!closing.signal.aborted) {
      watch.under = new AbortController()
      const signal = AbortSignal.any([closing.signal, watch.under.signal])
      const sinceUs = clock.nowUs()
      let pause = 0
      try {
        if (watch.version === null) await listOnce(watch, signal)
        await server.watch(collectionPath(watch.watched.collection, watch.watched.namespace), watch.version!, (event) => {
          // Lines that came together with one that made everything begin anew.
          if (signal.aborted) return
          watch.version = event.object.metadata.resourceVersion as string
          if (event.type !== 'BOOKMARK') step({ kind: event.type === 'DELETED' ? 'gone' : 'put', watched: watch.watched, object: event.object })
        }, signal)
        if (clock.nowUs() - sinceUs < shortMs * 1000) pause = pauseMs
      } catch (error) {
        if (signal.aborted) continue
        pause = await failed(watch, error)
      }
      if (pause > 0) await sleep(scheduler, pause, signal)
    }
  }

  /** The ConfigRevision first: what is listed after it is not older than what it says. */
  async function listOnce(watch: Watch, signal: AbortSignal): Promise<void> {
    const { watched } = watch
    const first = watched.collection === revisionCollection
    const { promise, resolve } = revisionListed
    if (!first) await until(promise, signal)
    step({ kind: 'listing', watched })
    const { items, version } = await server.list(collectionPath(watched.collection, watched.namespace), signal)
    watch.version = version
    watch.told = ''
    step({ kind: 'listed', watched, objects: items })
    if (first) resolve()
  }

  /** What to do about it, and how long to wait, milliseconds. */
  async function failed(watch: Watch, error: unknown): Promise<number> {
    const status = error instanceof ApiServerError ? error.status : -1
    // The server has forgotten what came after our version.
    if (status === 410) {
      watch.version = null
      return pauseMs
    }
    if (status === 404) return missing(watch)
    if (status === 0 || status === 429 || status >= 500) {
      await pulse.beat()
      return pauseMs
    }
    tellOnce(watch, 'error', error)
    // What a watch said and nobody understands is in a list as well.
    watch.version = null
    return againMs
  }

  function missing(watch: Watch): number {
    const { watched } = watch
    const { kind, group, version } = watched.collection
    watch.version = null
    tellOnce(watch, 'warn', gatewayError('RGT_KIND_MISSING', `the API server knows no ${kind}`, {
      expected: `${group}/${version}`, hint: 'apply its CustomResourceDefinition: it is looked for again every few seconds',
    }))
    const { resolve } = revisionListed
    // There is none of a kind that does not exist.
    step({ kind: 'listed', watched, objects: [] })
    if (watched.collection === revisionCollection) resolve()
    return againMs
  }

  function tellOnce(watch: Watch, level: 'warn' | 'error', error: unknown): void {
    const text = String(error)
    if (watch.told !== text) log(options, level, error)
    watch.told = text
  }

  for (const watch of watches) void follow(watch)
  return {
    get synced() { return source.synced },
    close() {
      closing.abort()
      alarm.cancel()
      server.close()
    },
  }
}

/** `version` null = a whole list is due. `told` is what was complained of last. */
interface Watch { readonly watched: Watched; version: string | null; under: AbortController; told: string }

interface Parts {
  scheduler: Scheduler
  signal: AbortSignal
  pulse: { beat(): Promise<void> }
  log(level: 'warn' | 'error', error: unknown): void
}

/** Writes the newest status until the server has it. */
function statusWriter(server: ApiServer, path: string, { scheduler, signal, pulse, log: complain }: Parts): { write(status: ConfigRevisionStatus): void } {
  let waiting: ConfigRevisionStatus | null = null
  let writing = false
  async function write(): Promise<void> {
    while (waiting !== null && !signal.aborted) {
      const status = waiting
      waiting = null
      try {
        await server.mergePatch(path, { status }, signal)
      } catch (error) {
        const code = error instanceof ApiServerError ? error.status : -1
        // Whoever took the ConfigRevision away asks for no answer.
        if (signal.aborted || code === 404) continue
        if (code > 0 && code < 500 && code !== 409 && code !== 429) {
          complain('error', error)
          continue
        }
        waiting ??= status
        await pulse.beat()
        await sleep(scheduler, pauseMs, signal)
      }
    }
    writing = false
  }
  return {
    write(status) {
      waiting = status
      if (writing) return
      writing = true
      void write()
    },
  }
}

function log({ clock, evidence }: ClusterOptions, level: 'warn' | 'error', error: unknown): void {
  const coded = error instanceof CodedError ? error : gatewayError('RGT_DEFECT', error instanceof Error ? (error.stack ?? error.message) : String(error))
  evidence.event({ atUs: clock.nowUs(), kind: 'log', level, code: coded.code, message: String(coded) })
}

function inCluster(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromCluster()
  return config
}

interface Deferred { promise: Promise<void>; resolve(): void }

function deferred(): Deferred {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, resolve }
}

/** Rejects when the signal says so. */
function until(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    void promise.then(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
  })
}

/** Shorter when the signal says so. */
export function sleep(scheduler: Scheduler, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const cancel = scheduler.after(ms, done)
    function done(): void {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
