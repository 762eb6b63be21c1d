// The few requests that a control plane makes of its API server, over node:http, with whatever credentials a kubeconfig or
// a pod's service account gives. The client library has watches too, but swallows what it cannot parse and starts anew
// only after a second; here every ending is an error with a status, and who calls decides.

import type { KubeConfig } from '@kubernetes/client-node'
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http'
import { Agent as SecureAgent, request as secureRequest, type RequestOptions } from 'node:https'
import { CodedError } from '../../errors.ts'
import type { Scheduler } from '../../ports.ts'
import { lineSplitter } from '../lines.ts'
import { apiVersionOf, type Collection } from './collections.ts'
import type { ClusterObject } from './namespaces.ts'

/** `status` is the HTTP status, or 0 when no answer came. */
export class ApiServerError extends CodedError<'RGT_API_SERVER'> {
  readonly status: number
  constructor(status: number, message: string, found: string, cause?: unknown) {
    super('RGT_API_SERVER', message, { found, ...(cause === undefined ? {} : { cause }) })
    this.status = status
  }
}

export interface WatchEvent { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: ClusterObject }

export interface ApiServer {
  /** As evidence names it. */
  readonly address: string
  /** All pages. */
  list(path: string, signal: AbortSignal): Promise<{ items: ClusterObject[]; version: string }>
  /** Resolves when the server ends the watch in good order; rejects with 410 when `version` is too old. */
  watch(path: string, version: string, heard: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>
  mergePatch(path: string, patch: object, signal: AbortSignal): Promise<void>
  /** Any answer that is no server error: it is there. */
  alive(signal: AbortSignal): Promise<void>
  close(): void
}

export function collectionPath(collection: Collection, namespace: string): string {
  return `/${collection.group === '' ? 'api' : 'apis'}/${apiVersionOf(collection)}/namespaces/${namespace}/${collection.plural}`
}

const answerMs = 10_000
const aliveMs = 5_000
/** The server ends a watch after this long, and the next one goes on from there. */
const watchSeconds = 290
const pageSize = 500
const maxLineBytes = 16 * 1024 * 1024

export function openApiServer(config: KubeConfig, scheduler: Scheduler): ApiServer {
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new ApiServerError(0, 'the kubeconfig names no cluster', 'no current context')
  const base = new URL(cluster.server)
  const secure = base.protocol === 'https:'
  const agent = secure ? new SecureAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true })

  async function send(method: string, path: string, { body, type, timeoutMs, signal }: Sent): Promise<IncomingMessage> {
    const credentials: RequestOptions = { headers: {} }
    if (secure) await config.applyToHTTPSOptions(credentials as Parameters<KubeConfig['applyToHTTPSOptions']>[0])
    const headers = { ...credentials.headers, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }) }
    return new Promise((resolve, reject) => {
      const url = new URL(base.pathname.replace(/\/$/, '') + path, base)
      const sent = (secure ? secureRequest : plainRequest)(url, { ...credentials, method, headers, agent, signal })
      const cancel = scheduler.after(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)))
      const fail = (cause: Error): void => {
        cancel()
        reject(unreached(method, path, cause))
      }
      sent.on('error', fail)
      sent.on('response', (response) => {
        cancel()
        const { statusCode = 0 } = response
        if (statusCode >= 200 && statusCode < 300) resolve(response)
        else text(response).then((said) => reject(refusal(method, path, statusCode, said)), fail)
      })
      sent.end(body)
    })
  }

  return {
    address: base.host,
    async list(path, signal) {
      const items: ClusterObject[] = []
      let page = { metadata: { resourceVersion: '', continue: '' }, items }
      do {
        const query = new URLSearchParams({ limit: String(pageSize), ...(page.metadata.continue ? { continue: page.metadata.continue } : {}) })
        page = await answered(await send('GET', `${path}?${query}`, { timeoutMs: answerMs, signal }), 'GET', path) as typeof page
        items.push(...page.items)
      } while (page.metadata.continue)
      return { items, version: page.metadata.resourceVersion }
    },
    async watch(path, version, heard, signal) {
      const query = new URLSearchParams({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: version, timeoutSeconds: String(watchSeconds) })
      const response = await send('GET', `${path}?${query}`, { timeoutMs: answerMs, signal })
      await streamed(response, path, heard)
    },
    async mergePatch(path, patch, signal) {
      const response = await send('PATCH', path, { body: JSON.stringify(patch), type: 'application/merge-patch+json', timeoutMs: answerMs, signal })
      await answered(response, 'PATCH', path)
    },
    async alive(signal) {
      try {
        await answered(await send('GET', '/version', { timeoutMs: aliveMs, signal }), 'GET', '/version')
      } catch (error) {
        if (!(error instanceof ApiServerError) || error.status === 0 || error.status >= 500) throw error
      }
    },
    close: () => agent.destroy(),
  }
}

interface Sent { body?: string; type?: string; timeoutMs: number; signal: AbortSignal }

function streamed(response: IncomingMessage, path: string, heard: (event: WatchEvent) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      response.destroy()
      reject(cause instanceof CodedError ? cause : unreached('GET', path, cause))
    }
    const take = lineSplitter(maxLineBytes, (line) => {
      const event = JSON.parse(line) as WatchEvent | { type: 'ERROR'; object: { code?: number; message?: string } }
      if (event.type === 'ERROR') throw refusal('GET', path, event.object.code ?? 500, JSON.stringify(event.object))
      heard(event)
    })
    response.on('data', (chunk: Buffer) => {
      try {
        take(chunk)
      } catch (error) {
        fail(error)
      }
    })
    response.on('error', fail)
    response.on('end', resolve)
  })
}

async function answered(response: IncomingMessage, method: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(await text(response))
  } catch (cause) {
    throw unreached(method, path, cause)
  }
}

async function text(response: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of response.setEncoding('utf8')) all += chunk as string
  return all
}

function unreached(method: string, path: string, cause: unknown): ApiServerError {
  return new ApiServerError(0, `the API server gave no whole answer to ${method} ${path}`, String(cause), cause)
}

/** The server says what is wrong in a Status object. */
function refusal(method: string, path: string, status: number, said: string): ApiServerError {
  let message = said
  try {
    message = (JSON.parse(said) as { message?: string }).message ?? said
  } catch {
    // A proxy in between says it in words of its own.
  }
  return new ApiServerError(status, `the API server refused ${method} ${path}`, `${status} ${message.slice(0, 500)}`)
}
