// One client request through its life: route, hold or stream its body, one or more attempts, one response.
//
//   gathering ──body whole──► routing ──Accept──► committed ──► over
//       └──────────── not eligible ──┘   └── Fail, client gone, bad body ──┘
//
// Committed means that the head of a response went to the client: nothing may be sent again from there.

import type { ServerExchange, ServerStream, UpstreamEnding } from '../protocols/adapter.ts'
import { changeHeaders } from '../filters/headers.ts'
import type { Fields } from '../protocols/fields.ts'
import type { RequestHead, ResponseHead } from '../protocols/message.ts'
import type { Problem } from '../protocols/problem.ts'
import { RequestFlag, type AttemptReason, type FailReason } from '../routing/core.ts'
import { admits, gatewayCaller, type Caller } from '../security/access-gate.ts'
import type { RequestOutcome } from '../telemetry/metrics.ts'
import { Account } from './account.ts'
import { accessDenied, answerOf, callerUnknown, failAnswers, notReady, writeAnswer, type Answer } from './answers.ts'
import { Attempt } from './attempt.ts'
import { header } from './bootstrap.ts'
import { readCaller } from './caller.ts'
import { isIdempotent, notPinned, readPin, routeAgain, routeRequest, type Pin, type Redirected, type Routed } from './pipeline.ts'
import type { Plane } from './plane.ts'
import { RequestBody } from './request-body.ts'
import { attemptFields, dropFor, requestIdOf, responseDrop, upstreamFields } from './request-fields.ts'
import type { PlaneState } from './state.ts'

const Stage = { Gathering: 0, Routing: 1, Committed: 2, Over: 3 } as const

/** Who is at the other end of a listener: clients, gateways of other regions, or the gateway's own sidecar. */
export type Origin = 'client' | 'peer' | 'mesh'

export class Exchange implements ServerExchange {
  ticket = -1
  readonly requestId: string
  /** A service may have seen the request: its failure is then not the gateway's alone. */
  reachedService = false
  readonly #plane: Plane
  readonly #stream: ServerStream
  readonly #head: RequestHead
  readonly #fromPeer: boolean
  readonly #account: Account
  #stage: number = Stage.Gathering
  #state: PlaneState | null = null
  #routed: Routed | null = null
  #pin: Pin = notPinned
  #caller: Caller = gatewayCaller
  #body: RequestBody | null = null
  #own: string[] | null = null
  #accepted: Attempt | null = null
  #beginning = true

  constructor(plane: Plane, stream: ServerStream, head: RequestHead, from: Origin) {
    this.#plane = plane
    this.#stream = stream
    this.#head = head
    this.#fromPeer = from === 'peer'
    this.requestId = requestIdOf(head, plane)
    const sinceNs = plane.clock.nowNs()
    this.#account = new Account(plane, head, this.requestId, this.#fromPeer, stream.remoteAddress, sinceNs)
    this.#begin(readCaller(head.fields, from, plane.bootstrap.identities), sinceNs)
    this.#beginning = false
  }

  get service(): string {
    return this.#routed?.backend.service ?? ''
  }

  #begin(caller: Caller | string, sinceNs: bigint): void {
    const plane = this.#plane
    const { state } = plane
    if (state === null) return this.#answer(notReady)
    this.#state = state
    if (typeof caller === 'string') {
      this.#account.watch?.refused('')
      return this.#answer(callerUnknown(caller))
    }
    this.#caller = caller
    const routed = routeRequest(state, this.#head, this.#fromPeer, plane.random.next())
    if (routed.entry !== undefined) this.#account.routed(routed.entry)
    if ('location' in routed) return this.#redirect(routed, sinceNs)
    if ('code' in routed) {
      this.decided(Number(plane.clock.nowNs() - sinceNs))
      return this.#answer(routed)
    }
    this.#routed = routed
    if (!this.#mayPass(routed)) {
      this.decided(Number(plane.clock.nowNs() - sinceNs))
      return this.#deny(routed)
    }
    if (!this.#fromPeer) this.#readPin(state)
    const { maxBodyBytes } = routed.entry.route.failover
    const eligible = isIdempotent(this.#head.method) && this.#head.bodyLength <= maxBodyBytes
    const body = new RequestBody(this.#head.bodyLength, eligible, maxBodyBytes)
    this.#body = body
    if (eligible && !body.complete) {
      this.#account.deciding(Number(plane.clock.nowNs() - sinceNs))
      this.#stream.sendContinue()
      return
    }
    this.#dispatch(sinceNs)
  }

  /** Before anything is sent, so that nothing crosses a link, or counts for health, for a request that is refused there. */
  #mayPass({ backend: { access }, path }: Routed): boolean {
    return access === null || admits(access, this.#caller, this.#head.method, path)
  }

  #deny(routed: Routed): void {
    this.#account.watch?.refused(this.#caller === gatewayCaller ? '' : this.#caller.name)
    this.#answer(accessDenied(routed, this.#head.method, this.#caller))
  }

  #readPin(state: PlaneState): void {
    this.#pin = readPin(state, this.#head, this.#plane.token)
    if (this.#pin === notPinned && this.#head.fields.names.includes(header.pin)) this.#account.watch?.refused('')
  }

  #dispatch(sinceNs: bigint): void {
    const plane = this.#plane
    if (plane.state !== this.#state) {
      const again = routeAgain(plane.state!, this.#routed!)
      if ('code' in again) return this.#answer(again)
      this.#routed = again
      this.#state = plane.state
      if (!this.#mayPass(again)) return this.#deny(again)
    }
    if (this.#pin.region === -2) return this.#answer(failAnswers['no-healthy-target'])
    const { entry, backend } = this.#routed!
    this.#stage = Stage.Routing
    const flags = (this.#body!.buffered ? RequestFlag.Eligible : 0) | (this.#fromPeer ? RequestFlag.LocalOnly : 0) | this.#pin.flag
    plane.driver.request(this, backend.plan, flags, this.#pin.region, sinceNs)
    if (!this.#fromPeer && (entry.filters.mirrors !== null || backend.filters.mirrors !== null)) {
      plane.mirrors.offer(this.#state!, this.#routed!, this.#head, this.#body!, this.#ownFields(), this.requestId, this.#caller, this.#account.watch)
    }
  }

  /** The core has answered: `ns` more were spent on the decision. */
  decided(ns: number): void {
    this.#account.decided(ns)
  }

  #redirect(redirected: Redirected, sinceNs: bigint): void {
    this.decided(Number(this.#plane.clock.nowNs() - sinceNs))
    this.#stage = Stage.Over
    const own = this.#account.answerFields('', redirected.status, 'ok', null)
    own.push('location', redirected.location)
    this.#end('ok', '', redirected.status)
    this.#stream.respond(redirected.status, 'Redirect', null, 0, own, 0)
    this.#stream.end(null)
  }

  // ── the client's side ──

  bodyPiece(bytes: Buffer, from: number, to: number): void {
    const body = this.#body
    if (body === null || this.#stage === Stage.Over) return
    body.piece(this.#stream, bytes, from, to)
    if (this.#stage !== Stage.Gathering || body.size <= this.#routed!.entry.route.failover.maxBodyBytes) return
    // Its length was not known and it is too large to hold: it is sent once, as it comes.
    body.buffered = false
    this.#dispatch(this.#plane.clock.nowNs())
  }

  bodyEnd(trailers: Fields | null): void {
    const body = this.#body
    if (body === null || this.#stage === Stage.Over) return
    body.end(trailers)
    if (this.#stage === Stage.Gathering) this.#dispatch(this.#plane.clock.nowNs())
  }

  readEnd(): void {
    this.#body?.readEnd(this.#stream)
  }

  bodyFailed(problem: Problem): void {
    this.#giveUp()
    if (this.#stage === Stage.Committed) this.#abort('client-error')
    else if (this.#stage !== Stage.Over) this.#answer(answerOf(problem))
  }

  clientDrained(): void {
    this.#accepted?.connection?.resume()
  }

  clientGone(): void {
    if (this.#stage === Stage.Over) return
    this.#stage = Stage.Over
    this.#end('aborted')
    this.#giveUp()
  }

  // ── the core's side ──

  /** The core wants an attempt at a target. */
  send(slot: number, target: number, reason: AttemptReason): Attempt {
    const state = this.#plane.state!
    const { region, kind } = state.topology.targets[target]
    const pool = state.pools[target]
    const trace = this.#account.watch?.attempt(reason) ?? null
    const attempt = new Attempt(
      this.#plane, this, slot, this.#account.sends++, pool, state.topology.regions[region].name, kind === 'link', reason, trace,
    )
    const { target: path, entry, backend } = this.#routed!
    const own = attemptFields(this.#ownFields(), trace, attempt.isLink, this.#plane.bootstrap.name, entry.route.id, backend.service)
    const body = this.#body!
    if (body.lost) {
      // The upstream refused after it had taken more of the body than is held: there is nothing left to send.
      this.#giveUp()
      this.fail('upstream-failed')
      return attempt
    }
    const connection = attempt.pool.acquire()
    attempt.connection = connection
    connection.request(attempt, this.#head.method, path, this.#head.fields, dropFor(trace), own, body.framing)
    if (body.buffered || body.empty) body.sendWhole(connection)
    return attempt
  }

  accept(attempt: Attempt): void {
    if (this.#stage !== Stage.Routing) return
    attempt.accepted = true
    this.#accepted = attempt
    this.#stage = Stage.Committed
    const { status, reason, fields, bodyLength } = attempt.response!
    const { entry, backend } = this.#routed!
    if (!this.#fromPeer) {
      if (entry.filters.response !== null) changeHeaders(fields, entry.filters.response)
      if (backend.filters.response !== null) changeHeaders(fields, backend.filters.response)
    }
    // Over a link the far gateway says whose service answered; when it answered itself, none did.
    const own = this.#account.answerFields(attempt.isLink ? fields.get(header.region) ?? '' : attempt.region, status, 'ok', fields)
    if (attempt.fromGateway) own.push(header.reason, fields.get(header.reason)!)
    this.#stream.respond(status, reason, fields, responseDrop, own, bodyLength)
  }

  fail(reason: FailReason): void {
    if (this.#stage === Stage.Over) return
    if (this.#stage === Stage.Committed) this.#abort(failAnswers[reason].outcome)
    else this.#answer(failAnswers[reason])
  }

  /** The core gave up an attempt. */
  cancelled(attempt: Attempt): void {
    if (this.#body?.taker === attempt.connection) this.#stopTaking()
    if (attempt === this.#accepted && this.#stage === Stage.Committed) this.#abort('upstream-timeout')
  }

  // ── the upstream's side ──

  /** A gateway at the other end of a link has answered, whether its answer is wanted or not. */
  peerAnswered(attempt: Attempt, fields: Fields): void {
    this.#account.watch?.answered(attempt.pool, fields, this.#plane.clock.nowUs())
  }

  upstreamReady(attempt: Attempt): void {
    if (attempt.isLink) this.#account.watch?.reached(attempt.pool)
    const body = this.#body!
    if (body.buffered || body.empty || this.#stage === Stage.Over) return
    this.#stream.sendContinue()
    body.streamTo(attempt.connection!, this.#stream, !this.#beginning)
  }

  upstreamDrained(attempt: Attempt): void {
    if (this.#body!.taker === attempt.connection) this.#stream.resumeBody()
  }

  interim(head: ResponseHead): void {
    if (this.#stage === Stage.Routing && this.#account.sends === 1 && head.status !== 100) this.#stream.interim(head.status, head.reason, head.fields)
  }

  responsePiece(attempt: Attempt, bytes: Buffer, from: number, to: number): void {
    if (!this.#stream.piece(bytes, from, to)) attempt.connection?.pause()
  }

  responseRead(attempt: Attempt): void {
    if (!this.#stream.flush()) attempt.connection?.pause()
  }

  responseEnd(attempt: Attempt, trailers: Fields | null): void {
    if (this.#stage === Stage.Over) return
    this.#stage = Stage.Over
    const { status } = attempt.response!
    this.#end(attempt.denied ? 'access-denied' : status < 400 ? 'ok' : status < 500 ? 'client-error' : 'server-error', attempt.region, status, trailers)
    this.#stopTaking()
    this.#plane.driver.release(this)
    this.#plane.driver.finished(attempt, 'complete', true)
    this.#stream.end(trailers)
  }

  responseBroken(attempt: Attempt, ending: UpstreamEnding): void {
    this.#plane.driver.release(this)
    this.#plane.driver.finished(attempt, ending, true)
    if (this.#stage !== Stage.Over) this.#abort('upstream-failed')
  }

  // ── endings ──

  #stopTaking(): void {
    if (this.#body !== null) this.#body.taker = null
  }

  #giveUp(): void {
    this.#stopTaking()
    this.#plane.driver.abandoned(this)
  }

  #abort(outcome: RequestOutcome): void {
    this.#stage = Stage.Over
    this.#end(outcome, this.#accepted?.region, this.#accepted?.response?.status)
    this.#giveUp()
    this.#stream.abort()
  }

  #answer(answer: Answer): void {
    this.#stage = Stage.Over
    this.#stopTaking()
    const own = this.#account.answerFields('', answer.status, answer.outcome, null)
    this.#end(answer.outcome, '', answer.status)
    if (!this.#fromPeer || !this.reachedService) own.push(header.reason, answer.code)
    writeAnswer(this.#stream, answer, this.requestId, own)
  }

  #end(outcome: RequestOutcome, region = '', status = 0, trailers: Fields | null = null): void {
    this.#account.end({ outcome, region, status, service: this.service, body: this.#body, trailers })
  }

  #ownFields(): string[] {
    this.#own ??= upstreamFields(this.#head, this.#routed!.authority, this.requestId, this.#stream.remoteAddress, this.#fromPeer)
    return this.#own
  }
}
