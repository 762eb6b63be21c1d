// The gateway's side of snapshot delivery as a state machine: which control plane to ask, what to apply, what to
// acknowledge, and when a silent one is given up. It holds no socket, timer or clock, so that the same core serves
// real connections (client.ts) and virtual ones.
//
//   message  ─┐                      ┌─ connect      (an address, with what is held)
//   answered  ├──► step(event, now) ─┤  acknowledge
//   ended     │                      │  close
//   tick     ─┘                      └─ and `nextUs`: when it wants a tick
//
// Applying and evidence are calls, because what happens in between must be told in order. Whatever happens here, the
// gateway keeps the snapshot that it has.

import { CodedError, gatewayError } from '../errors.ts'
import type { GatewayEvent, Random } from '../ports.ts'
import { applyDelta } from '../snapshot/delta.ts'
import type { Snapshot, SnapshotDelta } from '../snapshot/snapshot.ts'
import { heartbeatMs, type Acknowledgement, type DeliveryMessage, type GatewayIdentity } from './protocol.ts'

/** Connections count up from 1; an event of one that is over changes nothing. */
export type DeliveryEvent =
  /** Something arrived, and be it a part of a message: the connection is not silent. */
  | { kind: 'heard'; connection: number }
  | { kind: 'message'; connection: number; message: DeliveryMessage }
  /** What arrived cannot be understood. */
  | { kind: 'malformed'; connection: number; error: unknown }
  /** The oldest acknowledgement that is under way has been taken. */
  | { kind: 'answered'; connection: number }
  /** `refused`: a control plane is there, and gives this gateway nothing. */
  | { kind: 'ended'; connection: number; reason: string; refused: boolean }
  | { kind: 'tick' }

export type DeliveryEffect =
  /** `address` is an index; `revision` 0 = holds none. */
  | { kind: 'connect'; connection: number; address: number; revision: number; version: string }
  | { kind: 'acknowledge'; connection: number; acknowledgement: Acknowledgement }
  /** Together with whatever is under way on it. */
  | { kind: 'close'; connection: number }

export interface DeliveryOptions {
  /** What each control plane is called in evidence. They are asked in this order, from the top after the last. */
  addresses: readonly string[]
  gateway: GatewayIdentity
  /** What the gateway serves now. */
  held(): Snapshot | null
  /** Serve this from now on. Throwing refuses it: the gateway keeps what it has. */
  apply(snapshot: Snapshot): void
  tell(event: GatewayEvent): void
  /** Jitter of asking again. */
  random: Random
  /** Make certain that content which came from another process is what it claims to be. Throw RGT_SNAPSHOT_FORMAT. */
  checks: { snapshot(value: Snapshot): Snapshot; delta(value: SnapshotDelta): SnapshotDelta }
}

export interface Delivery {
  /** The effects of one event, in order. `nowUs` is monotonic. */
  step(event: DeliveryEvent, nowUs: number): DeliveryEffect[]
  /** A tick is due from here on; Infinity = never. Before the first it is the time of birth. */
  readonly nextUs: number
}

/** Nothing heard for this long = lost: two heartbeats missed, and half a one for a busy machine. */
const silenceUs = 2.5 * heartbeatMs * 1000
const retryFirstUs = 50_000
const retryLastUs = 1_000_000

interface Attempt {
  connection: number
  address: string
  found: boolean
  heardUs: number
  /** When each acknowledgement that is under way was sent. They are answered in order. */
  unanswered: number[]
}

/** `malformed`: asked again at once it would say the same. */
type Ending = 'failed' | 'refused' | 'malformed'

export function createDelivery(options: DeliveryOptions, bornUs: number): Delivery {
  const { addresses, gateway, held, tell, random, checks } = options
  let connections = 0
  let next = 0
  let failures = 0
  let everFound = false
  let told = false
  let current: Attempt | null = null
  let connectUs = addresses.length === 0 ? Infinity : bornUs
  let effects: DeliveryEffect[] = []

  function log(level: 'warn' | 'error', error: unknown, nowUs: number): CodedError {
    const coded = error instanceof CodedError ? error : gatewayError('RGT_DEFECT', String(error), { cause: error })
    tell({ atUs: nowUs, kind: 'log', level, code: coded.code, message: String(coded) })
    return coded
  }

  function connect(nowUs: number): void {
    const index = next % addresses.length
    const snapshot = held()
    current = { connection: ++connections, address: addresses[index], found: false, heardUs: nowUs, unanswered: [] }
    connectUs = Infinity
    effects.push({
      kind: 'connect', connection: connections, address: index, revision: snapshot?.revision ?? 0, version: snapshot?.version ?? '',
    })
  }

  function take(attempt: Attempt, message: DeliveryMessage, nowUs: number): void {
    attempt.heardUs = nowUs
    if (!attempt.found) found(attempt, nowUs)
    if (message.type === 'heartbeat') return
    attempt.unanswered.push(nowUs)
    effects.push({ kind: 'acknowledge', connection: attempt.connection, acknowledgement: applyMessage(message, nowUs) })
  }

  function found(attempt: Attempt, nowUs: number): void {
    attempt.found = true
    everFound = true
    told = false
    failures = 0
    tell({ atUs: nowUs, kind: 'control-plane-found', address: attempt.address })
  }

  function applyMessage(message: Exclude<DeliveryMessage, { type: 'heartbeat' }>, nowUs: number): Acknowledgement {
    const { revision, version } = message.type === 'snapshot' ? message.snapshot : message.delta
    try {
      const before = held()
      const snapshot = message.type === 'snapshot' ? checks.snapshot(message.snapshot) : applyToHeld(before, checks.delta(message.delta))
      checkOwn(snapshot, gateway, before)
      // The same again needs no swap: a control plane that was restarted cannot know what is held.
      if (before?.version !== snapshot.version || before.revision !== snapshot.revision) options.apply(snapshot)
      return { gateway: gateway.name, revision, version, accepted: true }
    } catch (error) {
      const coded = log('error', error, nowUs)
      return { gateway: gateway.name, revision, version, accepted: false, code: coded.code, message: coded.message.slice(0, 4096) }
    }
  }

  function over({ connection, address }: Attempt, reason: string, ending: Ending, nowUs: number): void {
    current = null
    effects.push({ kind: 'close', connection })
    // Told once. At birth everything starts at the same time, so a control plane that is not there yet is not lost.
    if (!told && (everFound || ending !== 'failed' || nowUs - bornUs >= silenceUs)) {
      told = true
      tell({ atUs: nowUs, kind: 'control-plane-lost', address })
      log('warn', gatewayError('RGT_CONTROL_PLANE', `the control plane at ${address} is lost`, { found: reason }), nowUs)
    }
    next++
    failures = ending === 'malformed' ? addresses.length * 6 : failures + 1
    // The other addresses are asked at once; only a whole round without success is followed by a pause.
    const rounds = failures / addresses.length
    const pauseUs = Number.isInteger(rounds) ? Math.min(retryLastUs, retryFirstUs * 2 ** Math.min(rounds - 1, 10)) : 0
    connectUs = nowUs + Math.round(pauseUs * (0.5 + 0.5 * random.next()))
  }

  function tick(nowUs: number): void {
    if (current === null) {
      if (nowUs >= connectUs) connect(nowUs)
    } else if (nowUs >= current.heardUs + silenceUs) {
      over(current, 'silent', 'failed', nowUs)
    } else if (current.unanswered.length > 0 && nowUs >= current.unanswered[0] + silenceUs) {
      // A lost acknowledgement is made good by connecting again, which says what is held.
      over(current, 'no answer to an acknowledgement', 'failed', nowUs)
    }
  }

  return {
    step(event, nowUs) {
      effects = []
      if (event.kind === 'tick') tick(nowUs)
      else if (current !== null && event.connection === current.connection) {
        switch (event.kind) {
          case 'heard': current.heardUs = nowUs; break
          case 'message': take(current, event.message, nowUs); break
          case 'answered': current.unanswered.shift(); break
          case 'ended': over(current, event.reason, event.refused ? 'refused' : 'failed', nowUs); break
          case 'malformed':
            // What cannot be read cannot be acknowledged: start again from what is held, but not at once.
            log('error', event.error, nowUs)
            over(current, 'malformed', 'malformed', nowUs)
        }
      }
      return effects
    },
    get nextUs() {
      if (current === null) return connectUs
      return Math.min(current.heardUs, current.unanswered[0] ?? Infinity) + silenceUs
    },
  }
}

function applyToHeld(held: Snapshot | null, delta: SnapshotDelta): Snapshot {
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
