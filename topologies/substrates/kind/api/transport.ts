// Requests to one API server: bounded in time, tried again where that is safe, refused in coded errors. Everything else
// of the client says what to ask; how an API server fails is known only here.

import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import type { ClusterAccess } from './kubeconfig.ts'

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  path: string
  /** What it is for, as errors say it: `apply Deployment gateway`. */
  purpose: string
  body?: string
  headers?: Record<string, string>
  /** For everything, repetitions included; default 10 s. */
  timeoutMs?: number
  /** false: asked once, whatever comes. */
  again?: boolean
  signal?: AbortSignal
}

export interface Answer { status: number; body: string }

export interface Transport {
  readonly context: string
  /** Of the API server's address. */
  readonly host: string
  /** Any status is an answer. Throws RGT_KUBERNETES when none came in time, the signal's reason when aborted. */
  ask(call: Call): Promise<Answer>
  /** The answer's JSON. Throws RGT_KUBERNETES unless its status is 2xx. */
  json<T>(call: Call): Promise<T>
  /** null for 404. */
  jsonOrNull<T>(call: Call): Promise<T | null>
  /** A body as it comes; ends with an error after `silenceMs` without a byte. Throws RGT_KUBERNETES unless its status is 200. */
  stream(call: Call, silenceMs: number): Promise<Readable>
  refusal(call: Pick<Call, 'purpose'>, answer: Answer): CodedError
  close(): void
}

export const callMs = 10_000
const pausesMs = [100, 250, 500, 1_000]

/** Answers that say "not now": too many requests, restarting, a leader being elected, a timeout inside. */
const passing = new Set([429, 500, 502, 503, 504])
/** An object whose fields are of other types than its schema's is answered with 500, and will be again. */
const lasting = /failed to create typed patch object/

export function openTransport(access: ClusterAccess): Transport {
  const { context, server, dispatcher } = access
  const base = new URL(server)
  let identity: Promise<Record<string, string>> | null = null
  const closing = new AbortController()

  const once = async (call: Call, signal: AbortSignal, limits: { headersTimeout: number; bodyTimeout: number }): Promise<Dispatcher.ResponseData> => {
    identity ??= access.headers()
    const send = async (): Promise<Dispatcher.ResponseData> => dispatcher.request({
      origin: base.origin, path: `${base.pathname === '/' ? '' : base.pathname}${call.path}`, method: call.method,
      headers: { accept: 'application/json', 'user-agent': 'regatta', ...await identity!, ...call.headers },
      body: call.body ?? null, signal, ...limits,
    })
    const response = await send()
    if (response.statusCode !== 401) return response
    await response.body.dump()
    identity = access.headers()
    return send()
  }

  const silent = (call: Call, cause: unknown, afterMs: number): CodedError => topologyError('RGT_KUBERNETES', `the API server did not answer: ${call.purpose}`, {
    place: { file: context }, expected: `an answer of ${server} within ${afterMs / 1000} s`, found: reasonOf(cause),
    hint: `is the cluster up? \`kubectl --context ${context} version\` tells`, cause,
  })

  const ask: Transport['ask'] = async (call) => {
    const { timeoutMs = callMs, again = true } = call
    const timeout = AbortSignal.timeout(timeoutMs)
    const stopped = AbortSignal.any([closing.signal, ...(call.signal === undefined ? [] : [call.signal])])
    const signal = AbortSignal.any([timeout, stopped])
    for (let attempt = 0; ; attempt++) {
      let answer: Answer | null = null
      let failure: unknown
      try {
        // Bounded by the signal, so undici's own limits are out of the way.
        const { statusCode, body } = await once(call, signal, { headersTimeout: 0, bodyTimeout: 0 })
        answer = { status: statusCode, body: await body.text() }
        if (!again || !passing.has(answer.status) || lasting.test(answer.body)) return answer
      } catch (error) {
        if (stopped.aborted) throw stopped.reason
        if (!again || timeout.aborted || isCoded(error)) throw isCoded(error) ? error : silent(call, error, timeoutMs)
        failure = error
      }
      try {
        await pause(pausesMs[Math.min(attempt, pausesMs.length - 1)], undefined, { signal })
      } catch {
        if (stopped.aborted) throw stopped.reason
        if (answer !== null) return answer
        throw silent(call, failure, timeoutMs)
      }
    }
  }

  const refusal: Transport['refusal'] = ({ purpose }, { status, body }) => topologyError('RGT_KUBERNETES', `the API server refused: ${purpose}`, {
    place: { file: context }, found: `${status}: ${wordsOf(body)}`, ...hintFor(status),
  })

  const json = async <T>(call: Call): Promise<T> => {
    const answer = await ask(call)
    return documentOf<T>(call, answer)
  }
  const documentOf = <T>(call: Call, answer: Answer): T => {
    if (answer.status < 200 || answer.status > 299) throw refusal(call, answer)
    try {
      return JSON.parse(answer.body) as T
    } catch (cause) {
      throw topologyError('RGT_KUBERNETES', `what answered is no API server: ${call.purpose}`, {
        place: { file: context }, expected: `JSON of ${server}`, found: wordsOf(answer.body), hint: 'the server of the context may be a proxy that wants a login, or another service', cause,
      })
    }
  }

  return {
    context, host: base.hostname.replace(/^\[|\]$/g, '').toLowerCase(), ask, json, refusal,
    async jsonOrNull<T>(call: Call) {
      const answer = await ask(call)
      return answer.status === 404 ? null : documentOf<T>(call, answer)
    },
    async stream(call, silenceMs) {
      const signal = AbortSignal.any([closing.signal, ...(call.signal === undefined ? [] : [call.signal])])
      let response: Dispatcher.ResponseData
      try {
        response = await once(call, signal, { headersTimeout: silenceMs, bodyTimeout: silenceMs })
      } catch (error) {
        signal.throwIfAborted()
        throw isCoded(error) ? error : silent(call, error, silenceMs)
      }
      // Who leaves a body before its end has it fail, and needs no more than to have left.
      response.body.on('error', () => {})
      if (response.statusCode === 200) return response.body
      throw refusal(call, { status: response.statusCode, body: await response.body.text() })
    },
    close() {
      closing.abort(topologyError('RGT_KUBERNETES', 'the client of the API server was closed', { place: { file: context } }))
      void dispatcher.destroy().catch(() => {})
    },
  }
}

const isCoded = (error: unknown): error is CodedError => error instanceof Error && error.name === 'CodedError'

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'nothing'
  const { code } = error as { code?: string }
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`
}

/** Message of a `Status` object, or the first of whatever else stands there. */
export function wordsOf(body: string): string {
  try {
    const { message, reason } = JSON.parse(body) as { message?: string; reason?: string }
    return message ?? reason ?? body.slice(0, 300)
  } catch {
    return body.trim() === '' ? 'no words' : body.trim().slice(0, 300)
  }
}

const hints: Record<number, string> = {
  401: 'the credentials of the context are not taken: log in again',
  403: 'the user of the context may not do this, or the namespace is being removed',
  404: 'the object, its namespace, or the kind (a CRD that is not installed) is missing',
  409: 'somebody else changes the same object',
  413: 'the object is larger than the API server takes',
  422: 'the object does not follow its schema',
  429: 'the API server is overloaded, or a disruption budget forbids it',
}

const hintFor = (status: number): { hint?: string } => (hints[status] === undefined ? {} : { hint: hints[status] })
