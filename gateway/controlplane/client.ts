// The gateway's side of snapshot delivery: keeps one stream open to one control plane, applies what arrives, says
// what became of it, and goes to the next address when a control plane falls silent. Whatever happens here, the
// gateway keeps the snapshot that it has.

import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { CodedError, gatewayError } from '../errors.ts'
import type { Clock, Evidence, Random, Scheduler } from '../ports.ts'
import { seededRandom } from '../runtime.ts'
import { applyDelta } from '../snapshot/delta.ts'
import type { Snapshot, SnapshotAddress } from '../snapshot/snapshot.ts'
import { parseDelta, parseSnapshot } from '../snapshot/validate.ts'
import { lineSplitter } from './lines.ts'
import { parseDelivery } from './messages.ts'
import { heartbeatMs, tokenHeader, type Acknowledgement, type DeliveryMessage, type GatewayIdentity } from './protocol.ts'

export interface ControlPlaneClientOptions {
  /** Asked in this order, from the top after the last. */
  addresses: readonly SnapshotAddress[]
  gateway: GatewayIdentity
  token: string
  clock: Clock
  scheduler: Scheduler
  /** What the gateway serves now. */
  held(): Snapshot | null
  /** Serve this from now on. Throwing refuses it: the gateway keeps what it has. */
  apply(snapshot: Snapshot): void
  evidence: Evidence
  /** Jitter of reconnecting; by default a stream of its own for each gateway name. */
  random?: Random
}

/** Nothing heard for this long = lost: two heartbeats missed, and half a one for a busy machine. */
const silenceMs = 2.5 * heartbeatMs
const retryFirstMs = 50
const retryLastMs = 1000
const maxLineBytes = 256 * 1024 * 1024

/** `refused`: a control plane answered, but not with snapshots. `malformed`: asked again at once it would say the same. */
type Ending = 'failed' | 'refused' | 'malformed'
/** Ends an attempt, whoever says so first. */
type Over = (reason: string, ending?: Ending) => void

export function connectControlPlane(options: ControlPlaneClientOptions): { close(): void } {
  const { addresses, gateway, token, clock, scheduler, held, evidence } = options
  const random = options.random ?? seededRandom(seedOf(gateway.name))
  // One connection for acknowledgements keeps them in order.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let closed = false
  let next = 0
  let failures = 0
  let everFound = false
  let told = false
  const bornUs = clock.nowUs()
  let current: { stream: ClientRequest; found: boolean } | null = null
  let cancelSilence: () => void = () => {}
  let cancelRetry: () => void = () => {}

  function connect(): void {
    if (closed || addresses.length === 0) return
    const address = addresses[next % addresses.length]
    const snapshot = held()
    const query = new URLSearchParams({
      gateway: gateway.name, role: gateway.role, region: gateway.region ?? '',
      revision: String(snapshot?.revision ?? 0), version: snapshot?.version ?? '',
    })
    const stream = request({ ...address, path: `/v1/snapshots?${query}`, headers: { [tokenHeader]: token }, agent: false })
    const attempt = { stream, found: false }
    current = attempt
    const over: Over = (reason, ending = 'failed') => {
      if (current !== attempt) return
      current = null
      stream.destroy()
      lost(address, reason, ending)
    }
    listenForSilence(over)
    stream.on('socket', (socket) => socket.setNoDelay(true))
    stream.on('error', (error) => over(error.message))
    stream.on('close', () => over('closed'))
    stream.on('response', (response) => {
      if (response.statusCode === 200) receive(response, address, attempt, over)
      else refused(response, over)
    })
    stream.end()
  }

  function receive(response: IncomingMessage, address: SnapshotAddress, attempt: NonNullable<typeof current>, over: Over): void {
    const take = lineSplitter(maxLineBytes, (line) => {
      if (current !== attempt) return
      const message = parseDelivery(line)
      if (!attempt.found) found(address, attempt)
      if (message.type !== 'heartbeat') acknowledge(address, applyMessage(message), over)
    })
    response.on('data', (chunk: Buffer) => {
      listenForSilence(over)
      try {
        take(chunk)
      } catch (error) {
        // What cannot be read cannot be acknowledged: start again from what is held, but not at once.
        log('error', error)
        over('malformed', 'malformed')
      }
    })
    response.on('error', (error) => over(error.message))
    response.on('end', () => over('ended'))
  }

  function found(address: SnapshotAddress, attempt: NonNullable<typeof current>): void {
    attempt.found = true
    everFound = true
    told = false
    failures = 0
    evidence.event({ atUs: clock.nowUs(), kind: 'control-plane-found', address: formatAddress(address) })
  }

  function applyMessage(message: Exclude<DeliveryMessage, { type: 'heartbeat' }>): Acknowledgement {
    const { revision, version } = message.type === 'snapshot' ? message.snapshot : message.delta
    try {
      const before = held()
      const snapshot = message.type === 'snapshot' ? parseSnapshot(message.snapshot) : applyToHeld(before, parseDelta(message.delta))
      checkOwn(snapshot, gateway, before)
      // The same again needs no swap: a control plane that was restarted cannot know what is held.
      if (before?.version !== snapshot.version || before.revision !== snapshot.revision) options.apply(snapshot)
      return { gateway: gateway.name, revision, version, accepted: true }
    } catch (error) {
      const coded = log('error', error)
      return { gateway: gateway.name, revision, version, accepted: false, code: coded.code, message: coded.message.slice(0, 4096) }
    }
  }

  function acknowledge(address: SnapshotAddress, acknowledgement: Acknowledgement, over: Over): void {
    const body = JSON.stringify(acknowledgement)
    const post = request({
      ...address, method: 'POST', path: '/v1/acknowledgements', agent,
      headers: { [tokenHeader]: token, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    // A lost acknowledgement is made good by connecting again, which says what is held.
    const cancel = scheduler.after(silenceMs, () => post.destroy(new Error('no answer to an acknowledgement')))
    post.on('error', (error) => over(error.message))
    post.on('close', cancel)
    post.on('response', (response) => {
      response.resume()
      if (response.statusCode !== 200) over(`acknowledgement answered ${response.statusCode}`)
    })
    post.end(body)
  }

  function refused(response: IncomingMessage, over: Over): void {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => { if (text.length < 1024) text += chunk })
    response.on('end', () => over(`refused with ${response.statusCode}: ${text.slice(0, 1024)}`, 'refused'))
    response.on('error', (error) => over(error.message))
  }

  function lost(address: SnapshotAddress, reason: string, ending: Ending): void {
    cancelSilence()
    if (closed) return
    // Told once. At birth everything starts at the same time, so a control plane that is not there yet is not lost.
    if (!told && (everFound || ending !== 'failed' || clock.nowUs() - bornUs >= silenceMs * 1000)) {
      told = true
      evidence.event({ atUs: clock.nowUs(), kind: 'control-plane-lost', address: formatAddress(address) })
      log('warn', gatewayError('RGT_CONTROL_PLANE', `the control plane at ${formatAddress(address)} is lost`, { found: reason }))
    }
    next++
    failures = ending === 'malformed' ? addresses.length * 6 : failures + 1
    // The other addresses are asked at once; only a whole round without success is followed by a pause.
    const rounds = failures / addresses.length
    const pauseMs = Number.isInteger(rounds) ? Math.min(retryLastMs, retryFirstMs * 2 ** Math.min(rounds - 1, 10)) : 0
    cancelRetry = scheduler.after(pauseMs * (0.5 + 0.5 * random.next()), connect)
  }

  function listenForSilence(over: Over): void {
    cancelSilence()
    cancelSilence = scheduler.after(silenceMs, () => over('silent'))
  }

  function log(level: 'warn' | 'error', error: unknown): CodedError {
    const coded = error instanceof CodedError ? error : gatewayError('RGT_DEFECT', String(error), { cause: error })
    evidence.event({ atUs: clock.nowUs(), kind: 'log', level, code: coded.code, message: String(coded) })
    return coded
  }

  connect()
  return {
    close() {
      closed = true
      cancelSilence()
      cancelRetry()
      const stream = current?.stream
      current = null
      stream?.destroy()
      agent.destroy()
    },
  }
}

function applyToHeld(held: Snapshot | null, delta: Parameters<typeof applyDelta>[1]): Snapshot {
  if (held === null) throw gatewayError('RGT_SNAPSHOT_GAP', 'a delta arrived, but no snapshot is held', { found: `a delta from revision ${delta.base}` })
  return applyDelta(held, delta)
}

/** Throws RGT_SNAPSHOT_FORMAT for another gateway's snapshot, RGT_SNAPSHOT_GAP for one older than what is held. */
function checkOwn(snapshot: Snapshot, gateway: GatewayIdentity, held: Snapshot | null): void {
  const { name, role } = snapshot.gateway
  if (name !== gateway.name || role !== gateway.role) {
    throw gatewayError('RGT_SNAPSHOT_FORMAT', 'the snapshot is for another gateway', {
      expected: `${gateway.role} ${gateway.name}`, found: `${role} ${name}`,
    })
  }
  if (held !== null && snapshot.revision < held.revision) {
    throw gatewayError('RGT_SNAPSHOT_GAP', 'the snapshot is older than the one that is held', {
      expected: `revision ${held.revision} or newer`, found: `revision ${snapshot.revision}`,
    })
  }
}

function formatAddress({ host, port }: SnapshotAddress): string {
  return `${host}:${port}`
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits: different names, different jitter. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
