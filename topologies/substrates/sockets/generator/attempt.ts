// One try of one request at one address: undici's dispatch handler, with a deadline of its own and exactly one
// result, whatever comes late.

import type { Dispatcher, Pool } from 'undici'
import { header } from '../../../../gateway/dataplane/bootstrap.ts'
import type { RequestOutcome } from '../../../history.ts'
import { decisionNsOf, outcomeOfError, outcomeOfResponse, sampledOf } from './outcome.ts'
import type { Upstream } from './upstreams.ts'

export interface AttemptResult {
  outcome: RequestOutcome
  status: number
  gateway: string
  region: string
  attempts: number
  decisionNs: number
  sampled: boolean
  bytes: number
}

export interface WireRequest {
  method: string
  path: string
  /** Flat: name, value, name, value. */
  headers: string[]
  body: Buffer | null
}

type Headers = Record<string, string | string[] | undefined>
const one = (headers: Headers, name: string): string => {
  const value = headers[name]
  return value === undefined ? '' : Array.isArray(value) ? value.join(', ') : value
}

export class Attempt implements Dispatcher.DispatchHandler {
  readonly #upstream: Upstream
  readonly #pool: Pool
  readonly #done: (result: AttemptResult) => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | null = null
  #settled = false
  readonly #result: AttemptResult = { outcome: 'closed', status: 0, gateway: '', region: '', attempts: 0, decisionNs: 0, sampled: false, bytes: 0 }

  constructor(upstream: Upstream, request: WireRequest, timeoutMs: number, done: (result: AttemptResult) => void) {
    this.#upstream = upstream
    this.#done = done
    this.#timer = setTimeout(() => this.#timeOut(), timeoutMs)
    this.#pool = upstream.pool
    const { method, path, headers, body } = request
    this.#pool.dispatch({ method, path, headers, body }, this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#settled) controller.abort(new Error('given up before a connection was free'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return
    const result = this.#result
    result.status = status
    result.outcome = outcomeOfResponse(status, one(headers, header.reason))
    result.gateway = one(headers, header.gateway) || (this.#upstream.address.gateway ?? '')
    // The service's own word first: behind a gateway a mesh may have taken the request to another region.
    result.region = one(headers, 'x-echo-region') || one(headers, header.region)
    result.attempts = Number(one(headers, header.attempts)) || 0
    result.decisionNs = decisionNsOf(one(headers, header.serverTiming))
    result.sampled = sampledOf(one(headers, header.trace))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#result.bytes += chunk.length
  }

  onResponseEnd(): void {
    this.#settle()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error & { code?: string }): void {
    this.#result.outcome = outcomeOfError(error.code ?? '')
    this.#settle()
  }

  /** Ends it without a result (the generator is told to stop). */
  abandon(): void {
    this.#settled = true
    clearTimeout(this.#timer)
    this.#controller?.abort(new Error('the generator is ending'))
  }

  #timeOut(): void {
    if (this.#settled) return
    this.#result.outcome = 'timeout'
    if (this.#result.status === 0) this.#upstream.retire(this.#pool)
    this.#settle()
    this.#controller?.abort(new Error('the client gave up'))
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#done(this.#result)
  }
}
