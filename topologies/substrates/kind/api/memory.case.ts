// An API server in memory for tests of what speaks to one: holds what was applied, says what was asked of it, and
// plays the pods that a test sets. It knows nothing of controllers: a test makes happen what they would.

import type { KubernetesObject } from '@kubernetes/client-node'
import { topologyError } from '../../../errors.ts'
import type { ObjectRef, PodRequest, PodSelector, PodState, RegionApi } from './api.ts'

/** An object as a test looks at it. */
export type PlainObject = KubernetesObject & Record<string, any>

export interface MemoryPod extends PodState { labels: Record<string, string> }

export type Asked =
  | { kind: 'apply'; objects: PlainObject[] }
  | { kind: 'read'; ref: ObjectRef }
  | { kind: 'remove'; ref: ObjectRef; options: { wait?: boolean; graceSeconds?: number } }
  | { kind: 'patch'; ref: ObjectRef; patch: object; part: 'whole' | 'scale' | 'status' }
  | { kind: 'evict'; pod: { namespace: string; name: string } }
  | { kind: 'call'; pod: { namespace: string; name: string; port: number }; request: PodRequest }

export interface MemoryApi extends RegionApi {
  /** In the order in which it was asked. */
  readonly asked: Asked[]
  /** What the cluster holds, by `keyOf`. */
  readonly objects: Map<string, PlainObject>
  /** Puts an object there as if somebody else had: with its status. */
  put(object: PlainObject): void
  setPods(pods: MemoryPod[]): void
  /** A pod writes a line. Lines written before anybody follows are kept, as the cluster keeps them. */
  say(pod: { namespace: string; name: string }, line: string): void
  /** Answers to `call`; without it every call is refused with RGT_KUBERNETES. */
  answer(reply: (pod: { namespace: string; name: string; port: number }, request: PodRequest) => { status: number; body: string }): void
  /** Called after each apply and patch with what became of the object, so that a test plays a controller. */
  react(controller: (object: PlainObject, api: MemoryApi) => void): void
  /** Every further call of that kind is refused so; null takes it back. */
  refuse(kind: Asked['kind'] | 'ready' | 'pods' | 'version', error: Error | null): void
  /** Pods that `ready` waits for in vain, and why; null = all are ready. */
  unready(reason: string | null): void
}

export const keyOf = ({ apiVersion, kind, namespace, name }: ObjectRef): string => `${apiVersion}/${kind}/${namespace ?? ''}/${name}`

export function memoryApi({ region = 'eu-west', context = `kind-${region}` }: { region?: string; context?: string } = {}): MemoryApi {
  const asked: Asked[] = []
  const objects = new Map<string, PlainObject>()
  const refused = new Map<string, Error>()
  const written: { namespace: string; name: string; line: string }[] = []
  const followers = new Set<(said: (typeof written)[number]) => void>()
  let pods: MemoryPod[] = []
  let reply: Parameters<MemoryApi['answer']>[0] | null = null
  let controller: Parameters<MemoryApi['react']>[0] = () => {}
  let unready: string | null = null
  let version = 0

  const meet = (kind: string): void => {
    const error = refused.get(kind)
    if (error !== undefined) throw error
  }
  const store = (key: string, object: PlainObject): PlainObject => {
    const before = objects.get(key)
    const uid = before?.metadata?.uid ?? `uid-${objects.size + 1}`
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(++version) } }
    objects.set(key, stored)
    return stored
  }
  const held = (ref: ObjectRef): PlainObject => {
    const object = objects.get(keyOf(ref))
    if (object !== undefined) return object
    throw topologyError('RGT_KUBERNETES', `${ref.kind} ${ref.name} is not there`, { place: { file: context }, found: '404' })
  }
  const matching = ({ namespace, labels }: PodSelector): MemoryPod[] => pods.filter((pod) =>
    pod.namespace === namespace && Object.entries(labels).every(([name, value]) => pod.labels[name] === value))

  const api: MemoryApi = {
    region, context, host: '127.0.0.1', asked, objects,
    put: (object) => void store(keyOf(refOf(object)), structuredClone(object)),
    setPods: (next) => { pods = next },
    say({ namespace, name }, line) {
      const said = { namespace, name, line }
      written.push(said)
      for (const follower of followers) follower(said)
    },
    answer: (next) => { reply = next },
    react: (next) => { controller = next },
    refuse: (kind, error) => void (error === null ? refused.delete(kind) : refused.set(kind, error)),
    unready: (reason) => { unready = reason },

    async version() {
      meet('version')
      return 'v1.34.0'
    },
    async apply(given) {
      const copies = structuredClone(given) as PlainObject[]
      asked.push({ kind: 'apply', objects: copies })
      meet('apply')
      return copies.map((object) => {
        const key = keyOf(refOf(object))
        const { status } = objects.get(key) ?? {}
        const stored = store(key, { ...structuredClone(object), ...(status === undefined ? {} : { status }) })
        controller(structuredClone(stored), api)
        return structuredClone(stored)
      })
    },
    any: async ({ apiVersion, kind }) => [...objects.values()].some((object) => object.apiVersion === apiVersion && object.kind === kind),
    async read(ref) {
      asked.push({ kind: 'read', ref })
      meet('read')
      return structuredClone(objects.get(keyOf(ref)) ?? null)
    },
    async remove(ref, options = {}) {
      asked.push({ kind: 'remove', ref, options })
      meet('remove')
      objects.delete(keyOf(ref))
    },
    async patch(ref, patch, part) {
      asked.push({ kind: 'patch', ref, patch: structuredClone(patch), part: part ?? 'whole' })
      meet('patch')
      controller(structuredClone(store(keyOf(ref), merged(held(ref), patch) as PlainObject)), api)
    },
    async pods(selector) {
      meet('pods')
      return matching(selector).map(({ labels: _labels, ...pod }) => pod)
    },
    async evict(pod) {
      asked.push({ kind: 'evict', pod })
      meet('evict')
      pods = pods.filter(({ namespace, name }) => namespace !== pod.namespace || name !== pod.name)
    },
    async ready(deployments) {
      meet('ready')
      const missing = deployments.filter(({ namespace, name }) => !objects.has(keyOf({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name })))
      if (missing.length === 0 && unready === null) return
      throw topologyError('RGT_WORKLOAD', 'not every workload is ready', {
        place: { file: context }, found: unready ?? missing.map(({ name }) => `${name}: there is none`).join('; '),
      })
    },
    follow(selector, line) {
      const follower = (said: (typeof written)[number]): void => {
        if (matching(selector).some(({ namespace, name }) => namespace === said.namespace && name === said.name)) line(said.name, said.line)
      }
      written.forEach(follower)
      followers.add(follower)
      return { stop: () => void followers.delete(follower) }
    },
    async call(pod, request) {
      asked.push({ kind: 'call', pod, request })
      meet('call')
      if (reply === null) throw topologyError('RGT_KUBERNETES', `pod ${pod.name} does not answer`, { place: { file: context } })
      return reply(pod, request)
    },
    close: () => followers.clear(),
  }
  return api
}

export function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  return { apiVersion: apiVersion!, kind: kind!, name: metadata!.name!, ...(metadata!.namespace === undefined ? {} : { namespace: metadata!.namespace }) }
}

/** JSON merge patch, RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return structuredClone(patch)
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
