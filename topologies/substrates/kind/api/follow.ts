// Every line that pods write, each once and in the order of its pod: through new pods, containers that are started again,
// nodes that stand still, and losses of the API server.
//
//   list pods, and again when the server tells of a change ──► one reader a pod:
//     look at the pod ──► the oldest container whose log is there and not read to its end
//        ├─ it ended ──► read the rest ──► the next container
//        └─ it runs  ──► stream, from where the reader stands ──► (ends, breaks, falls silent) ──► look again
//
// What cannot be heard: pods that came and went between two looks, a container that was started again twice while the API
// server was lost (a node keeps one previous log), what was rotated away meanwhile. Standard error is in the stream too.

import { StringDecoder } from 'node:string_decoder'
import { setTimeout as pause } from 'node:timers/promises'
import type { PodSelector } from './api.ts'
import { openLogCursor, type LogCursor } from './log-cursor.ts'
import { containerOf, listPods, podsChanged, type Pod } from './pods.ts'
import type { Transport } from './transport.ts'

/** At least between two looks. */
const listMs = 250
/** At least between two looks at a server that did not answer. */
const againMs = 1_000
/** A call that only looks: soon given up, because it is soon repeated. */
const lookTimeoutMs = 5_000
/** A stream that says nothing for so long is opened anew: it may be one that nobody serves any more. */
const silenceMs = 15_000
const pausesMs = [100, 250, 500, 1_000]
/** The API server may show a container for so long after its node knows of the next one. */
const lagMs = 5_000

export type LineOf = (pod: string, line: string) => void

export function followPods(transport: Transport, selector: PodSelector, line: LineOf): { stop(): void } {
  const stopping = new AbortController()
  const { signal } = stopping
  const known = new Set<string>()
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const pods = await listPods(transport, selector, { timeoutMs: lookTimeoutMs, again: false, signal })
        for (const pod of pods.items) {
          const uid = pod.metadata!.uid!
          if (known.has(uid) || containerOf(pod).status === null) continue
          known.add(uid)
          void readPod({ transport, namespace: selector.namespace, name: pod.metadata!.name!, uid, line, signal })
        }
        await rest(listMs, signal)
        await podsChanged(transport, selector, pods, { silenceMs, signal })
      } catch {
        await rest(againMs, signal)
      }
    }
  }
  void watch()
  return { stop: () => stopping.abort() }
}

interface Reading {
  transport: Transport
  namespace: string
  name: string
  uid: string
  line: LineOf
  signal: AbortSignal
}

/** Containers of a pod whose logs can be read now. */
interface Shown {
  container: string
  /** Whose log is read without `previous`. */
  newest: { id: string; ended: boolean } | null
  /** Whose log is read with it. */
  before: string | null
  /** The pod will start no more containers. */
  over: boolean
}

/** Returns when the pod is gone, or over and read to its end, or when it is stopped. */
async function readPod(reading: Reading): Promise<void> {
  const { name, line, signal } = reading
  let cursor = openLogCursor((text) => line(name, text))
  /** The container that is read, and whether it has been read to its end. */
  let current: string | null = null
  let finished = false
  for (let idle = 0; !signal.aborted; idle++) {
    const shown = await look(reading)
    if (shown === 'gone') return
    const next: string | null = shown === 'unknown' ? null : nextOf(shown, current, finished)
    if (next === null && shown !== 'unknown' && shown.over) return
    if (next !== null && shown !== 'unknown') {
      if (next !== current) {
        cursor = openLogCursor((text) => line(name, text))
        current = next
      }
      const before = cursor.since()
      finished = await readContainer(reading, cursor, next, shown)
      if (finished || cursor.since() !== before) idle = -1
    }
    if (idle >= 0) await rest(pausesMs[Math.min(idle, pausesMs.length - 1)], signal)
  }
}

/** How the log of a container is to be had now; null when it is not. */
function sourceOf({ newest, before }: Shown, id: string | null): { previous: boolean; ended: boolean } | null {
  if (id === null) return null
  if (newest?.id === id) return { previous: false, ended: newest.ended }
  return before === id ? { previous: true, ended: true } : null
}

/** The container to read: the one that is being read, then whatever came after it; the oldest at first. null: none. */
function nextOf(shown: Shown, current: string | null, finished: boolean): string | null {
  const { newest, before } = shown
  if (sourceOf(shown, current) === null) return before ?? newest?.id ?? null
  if (!finished) return current
  return newest === null || newest.id === current ? null : newest.id
}

async function look({ transport, namespace, name, uid, signal }: Reading): Promise<Shown | 'gone' | 'unknown'> {
  let pod: Pod | null
  try {
    pod = await transport.jsonOrNull<Pod>({
      method: 'GET', path: `/api/v1/namespaces/${namespace}/pods/${name}`, purpose: `read pod ${name}`, timeoutMs: lookTimeoutMs, again: false, signal,
    })
  } catch {
    return 'unknown'
  }
  if (pod === null || pod.metadata!.uid !== uid) return 'gone'
  const { name: container, status } = containerOf(pod)
  const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  const previous = status?.lastState?.terminated?.containerID ?? null
  const state = status?.state
  // Between two containers the one that ended is what the server gives, with or without `previous`.
  const newest = state?.running !== undefined ? { id: status!.containerID!, ended: false }
    : state?.terminated !== undefined ? { id: state.terminated.containerID ?? '', ended: true }
      : previous === null ? null : { id: previous, ended: true }
  return { container, newest: newest?.id === '' ? null : newest, before: previous === newest?.id ? null : previous, over }
}

/** Reads what there is of a container's log. true = to its end. */
async function readContainer(reading: Reading, cursor: LogCursor, id: string, shown: Shown): Promise<boolean> {
  const { transport, namespace, name, signal } = reading
  const { previous, ended } = sourceOf(shown, id)!
  const since = cursor.since()
  const query = new URLSearchParams({
    container: shown.container, timestamps: 'true', previous: String(previous), follow: String(!ended), ...(since === null ? {} : { sinceTime: since }),
  })
  try {
    const body = await transport.stream({
      method: 'GET', path: `/api/v1/namespaces/${namespace}/pods/${name}/log?${query}`, purpose: `read the log of ${name}`, signal,
    }, silenceMs)
    // The first byte is there, so the node has chosen the log: it is the one meant if the pod still shows it so.
    const now = await look(reading)
    if (typeof now === 'string' || sourceOf(now, id)?.previous !== previous) {
      body.destroy()
      return false
    }
    cursor.begin()
    // Not `setEncoding`: undici's bodies take no notice of it here, and give buffers.
    const decoder = new StringDecoder('utf8')
    for await (const chunk of body) {
      if (signal.aborted) return false
      cursor.take(decoder.write(chunk as Buffer))
      if (cursor.joined() !== false) continue
      if (await isRotated(reading, id)) cursor.accept()
      return false
    }
  } catch {
    return false
  }
  // A stream may end because the server goes away; only of a container that ended is its end the log's end.
  if (ended) cursor.end()
  return ended
}

/** An answer did not take up where the last one broke off: was the file rotated, or is it the next container's? */
async function isRotated(reading: Reading, id: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < lagMs && !reading.signal.aborted; waitedMs += againMs) {
    const shown = await look(reading)
    if (shown === 'gone' || (shown !== 'unknown' && shown.newest?.id !== id)) return false
    await rest(againMs, reading.signal)
  }
  return true
}

const rest = (delayMs: number, signal: AbortSignal): Promise<void> => pause(delayMs, undefined, { signal }).catch(() => {})
