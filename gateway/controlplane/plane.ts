// The replication core of a regional control plane: who holds which revision, and what to send next. It holds no
// socket, timer or clock, so that every order of publishing, connecting, acknowledging and losing can be tried.
//
//   publish ─┐                      ┌─ answer   (accepted, gap, refused)
//   connect  │                      │  send     (snapshot, delta, heartbeat)
//   lost     ├──► step(event, now) ─┤  close    (a connection that was replaced)
//   ack      │                      │  evidence
//   discover │                      └─
//   heartbeat┘
//
// At most one snapshot is in flight to a gateway; what is published meanwhile is sent as one delta after it. A change of
// endpoints makes another version of the same revision: what a snapshot is, revision and version say together.

import { isDeepStrictEqual } from 'node:util'
import { CodedError, CodedErrors, gatewayError } from '../errors.ts'
import type { GatewayEvent } from '../ports.ts'
import type { Snapshot, SnapshotDelta } from '../snapshot/snapshot.ts'
import { changeDocuments, replaceDocuments, type Documents } from './documents.ts'
import type {
  Acknowledgement, ConfigChange, ConfigDocument, DeliveryMessage, Discovery, GatewayIdentity, PlaneStatus, WholeConfig,
} from './protocol.ts'

/** The pure functions that turn documents into snapshots; given, so that this core knows no configuration language. */
export interface PlaneCompiler {
  /** What is known of the world at birth. */
  readonly discovery: Discovery
  /** Validates the documents as a whole; in the world as it was at birth unless another is given. Throws CodedError. */
  prepare(documents: Documents, discovery?: Discovery): PreparedConfig
  diff(base: Snapshot, next: Snapshot): SnapshotDelta
}

/** A validated configuration. Immutable. */
export interface PreparedConfig {
  /** Throws CodedError when the configuration cannot be compiled for this gateway. */
  compile(gateway: GatewayIdentity, revision: number): Snapshot
  /** The configuration after a change, `next` being all its documents; the same as preparing them whole. Throws CodedError. */
  change(change: ConfigChange, next: Documents): PreparedConfig
  /** The same configuration in another world. */
  within(discovery: Discovery): PreparedConfig
}

export type PlaneEvent =
  | { kind: 'publish'; asked: ConfigChange | WholeConfig }
  /** `revision` 0 = holds none. */
  | { kind: 'connect'; connection: number; gateway: GatewayIdentity; revision: number; version: string }
  | { kind: 'lost'; connection: number }
  | { kind: 'acknowledge'; acknowledgement: Acknowledgement }
  | { kind: 'discover'; discovery: Discovery }
  | { kind: 'heartbeat' }

export type PlaneEffect =
  | { kind: 'answer'; answer: PlaneAnswer }
  | { kind: 'send'; connection: number; message: DeliveryMessage }
  | { kind: 'close'; connection: number }
  | { kind: 'evidence'; event: GatewayEvent }

/** Answer to `publish` and `connect`. `revision` is the one in force afterwards. */
export type PlaneAnswer =
  | { outcome: 'accepted'; revision: number }
  | { outcome: 'gap' | 'refused'; revision: number; errors: readonly CodedError[] }

export interface Plane {
  /** The effects of one event, in order. `nowUs` is monotonic. */
  step(event: PlaneEvent, nowUs: number): PlaneEffect[]
  status(): PlaneStatus
  documents(): Iterable<ConfigDocument>
  readonly revision: number
}

interface Peer {
  gateway: GatewayIdentity
  connection: number | null
  connectedAtUs: number
  /** What it said that it holds; its content is `base` when that is known here. */
  heldRevision: number
  heldVersion: string
  base: Snapshot | null
  newest: Snapshot | null
  inFlight: { snapshot: Snapshot; full: boolean } | null
  /** What it refused; not offered again. */
  refused: { revision: number; version: string } | null
}

/** What a gateway says when a delta does not lead from what it holds to what it should hold. */
const deltaMisfits = ['RGT_SNAPSHOT_GAP', 'RGT_SNAPSHOT_FORMAT']

export function createPlane(region: string, compiler: PlaneCompiler): Plane {
  const peers = new Map<string, Peer>()
  /** When what a snapshot was made of became known here, for the elapsed time of its acknowledgement. */
  const knownAtUs = new WeakMap<Snapshot, number>()
  let revision = 0
  let { discovery } = compiler
  let documents: Documents = new Map()
  let prepared: PreparedConfig | null = null
  let last: ConfigChange | WholeConfig | null = null
  let effects: PlaneEffect[] = []

  const evidence = (event: GatewayEvent): void => { effects.push({ kind: 'evidence', event }) }
  const answer = (given: PlaneAnswer): void => { effects.push({ kind: 'answer', answer: given }) }

  function publish(asked: ConfigChange | WholeConfig, nowUs: number): void {
    const whole = 'documents' in asked
    const follows = whole ? asked.revision > revision : asked.revision === revision + 1
    if (!follows) {
      // A publisher that never saw the answer sends again; that is no gap.
      const repeated = asked.revision === revision && isDeepStrictEqual(asked, last)
      return answer(repeated ? { outcome: 'accepted', revision }
        : { outcome: 'gap', revision, errors: [gapError(asked.revision, revision, whole)] })
    }
    const connected = [...peers.values()].filter((peer) => peer.connection !== null)
    let validated: { documents: Documents; prepared: PreparedConfig; snapshots: Snapshot[] }
    try {
      validated = validate(asked, connected)
    } catch (error) {
      // Nothing has changed any state yet, so a refusal leaves everything as it was.
      const errors = codedErrors(error)
      evidence({ atUs: nowUs, kind: 'config-refused', revision: asked.revision, code: errors[0].code, message: errors[0].message })
      return answer({ outcome: 'refused', revision, errors })
    }
    ({ documents, prepared } = validated)
    revision = asked.revision
    last = asked
    connected.forEach((peer, index) => renew(peer, validated.snapshots[index], nowUs))
    evidence({ atUs: nowUs, kind: 'config-accepted', revision, documents: documents.size })
    answer({ outcome: 'accepted', revision })
    for (const peer of connected) offer(peer, nowUs)
  }

  /** Throws CodedError; changes nothing. */
  function validate(asked: ConfigChange | WholeConfig, connected: readonly Peer[]) {
    const whole = 'documents' in asked
    const next = whole ? replaceDocuments(documents, asked.documents) : changeDocuments(documents, asked)
    const after = whole || prepared === null ? compiler.prepare(next, discovery) : prepared.change(asked, next)
    return { documents: next, prepared: after, snapshots: connected.map(({ gateway }) => after.compile(gateway, asked.revision)) }
  }

  function renew(peer: Peer, snapshot: Snapshot, nowUs: number): void {
    peer.newest = snapshot
    knownAtUs.set(snapshot, nowUs)
  }

  function discover(found: Discovery, nowUs: number): void {
    const changed = changedServices(discovery, found)
    if (changed.length === 0 && isDeepStrictEqual(found, discovery)) return
    const connected = [...peers.values()].filter((peer) => peer.connection !== null)
    // Throws before anything has changed.
    const after = prepared?.within(found) ?? null
    const snapshots = after === null ? [] : connected.map(({ gateway }) => after.compile(gateway, revision))
    discovery = found
    prepared = after
    const endpoints = Object.values(found.endpoints).reduce((sum, byRegion) => sum + (byRegion[region]?.length ?? 0), 0)
    evidence({ atUs: nowUs, kind: 'endpoints-changed', services: changed.length, endpoints })
    snapshots.forEach((snapshot, index) => {
      const peer = connected[index]
      if (peer.newest?.version === snapshot.version) return
      renew(peer, snapshot, nowUs)
      offer(peer, nowUs)
    })
  }

  function connect(event: Extract<PlaneEvent, { kind: 'connect' }>, nowUs: number): void {
    const before = peers.get(event.gateway.name)
    let newest: Snapshot | null = null
    try {
      newest = prepared === null ? null : prepared.compile(event.gateway, revision)
    } catch (error) {
      return answer({ outcome: 'refused', revision, errors: codedErrors(error) })
    }
    if (before !== undefined && before.connection !== null) effects.push({ kind: 'close', connection: before.connection })
    const known = [before?.inFlight?.snapshot, before?.base, newest]
    const base = known.find((snapshot) => snapshot?.revision === event.revision && snapshot.version === event.version) ?? null
    const peer: Peer = {
      gateway: event.gateway, connection: event.connection, connectedAtUs: nowUs,
      heldRevision: event.revision, heldVersion: event.version, base, newest, inFlight: null,
      refused: before?.refused ?? null,
    }
    peers.set(event.gateway.name, peer)
    answer({ outcome: 'accepted', revision })
    // The acknowledgement of what was in flight was lost together with the old connection.
    if (base !== null && before !== undefined && base === before.inFlight?.snapshot) acknowledged(before, base, nowUs)
    offer(peer, nowUs)
  }

  function lost(connection: number): void {
    for (const peer of peers.values()) if (peer.connection === connection) peer.connection = null
  }

  function acknowledge(ack: Acknowledgement, nowUs: number): void {
    const peer = peers.get(ack.gateway)
    const inFlight = peer?.inFlight
    // Late words about something older change nothing: what is in flight decides.
    if (peer === undefined || peer.connection === null || inFlight == null || !isOf(inFlight.snapshot, ack)) return
    peer.inFlight = null
    if (ack.accepted) {
      peer.base = inFlight.snapshot
      peer.heldRevision = ack.revision
      peer.heldVersion = ack.version
      acknowledged(peer, inFlight.snapshot, nowUs)
    } else {
      const { code = 'RGT_SNAPSHOT_FORMAT', message = '' } = ack
      evidence({ atUs: nowUs, kind: 'snapshot-refused', gateway: ack.gateway, revision: ack.revision, code, message })
      // A delta that does not fit is followed by the whole; what is refused for its meaning would be refused again.
      if (!inFlight.full && deltaMisfits.includes(code)) peer.base = null
      else peer.refused = { revision: ack.revision, version: ack.version }
    }
    offer(peer, nowUs)
  }

  function acknowledged(peer: Peer, snapshot: Snapshot, nowUs: number): void {
    const sinceUs = Math.max(knownAtUs.get(snapshot) ?? 0, peer.connectedAtUs)
    evidence({
      atUs: nowUs, kind: 'snapshot-acknowledged', gateway: peer.gateway.name, revision: snapshot.revision, elapsedUs: nowUs - sinceUs,
    })
  }

  function offer(peer: Peer, nowUs: number): void {
    const next = peer.newest
    if (peer.connection === null || next === null || peer.inFlight !== null) return
    if (peer.refused !== null && isOf(next, peer.refused)) return
    if (peer.heldRevision > next.revision || (peer.base !== null && isOf(peer.base, next))) return
    const message: DeliveryMessage = peer.base === null
      ? { type: 'snapshot', snapshot: next }
      : { type: 'delta', delta: compiler.diff(peer.base, next) }
    peer.inFlight = { snapshot: next, full: peer.base === null }
    evidence({ atUs: nowUs, kind: 'snapshot-offered', gateway: peer.gateway.name, revision: next.revision })
    effects.push({ kind: 'send', connection: peer.connection, message })
  }

  function heartbeat(): void {
    for (const { connection } of peers.values()) {
      if (connection !== null) effects.push({ kind: 'send', connection, message: { type: 'heartbeat' } })
    }
  }

  return {
    step(event, nowUs) {
      effects = []
      switch (event.kind) {
        case 'publish': publish(event.asked, nowUs); break
        case 'connect': connect(event, nowUs); break
        case 'lost': lost(event.connection); break
        case 'acknowledge': acknowledge(event.acknowledgement, nowUs); break
        case 'discover': discover(event.discovery, nowUs); break
        case 'heartbeat': heartbeat(); break
      }
      return effects
    },
    status: () => ({
      region,
      revision,
      gateways: [...peers.values()].map((peer) => ({
        name: peer.gateway.name, connected: peer.connection !== null,
        revision: peer.heldRevision, version: peer.heldVersion, accepted: peer.refused === null || peer.newest === null || !isOf(peer.newest, peer.refused),
      })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    }),
    documents: () => documents.values(),
    get revision() { return revision },
  }
}

/** Equal versions of different revisions are different snapshots: a gateway says which revision it serves. */
function isOf(snapshot: Snapshot, { revision, version }: { revision: number; version: string }): boolean {
  return snapshot.revision === revision && snapshot.version === version
}

function changedServices(before: Discovery, after: Discovery): string[] {
  if (before.endpoints === after.endpoints) return []
  const names = new Set([...Object.keys(before.endpoints), ...Object.keys(after.endpoints)])
  return [...names].filter((name) => !isDeepStrictEqual(before.endpoints[name], after.endpoints[name]))
}

function gapError(asked: number, held: number, whole: boolean): CodedError {
  return gatewayError('RGT_SNAPSHOT_GAP', `revision ${asked} does not follow revision ${held}`, {
    expected: whole ? `a revision above ${held}` : `revision ${held + 1}`,
    found: `revision ${asked}`,
    hint: whole ? `publish as revision ${held + 1}` : 'send the whole configuration with PUT',
  })
}

/** What was thrown as coded errors; anything else is a defect of this program and is thrown on. */
function codedErrors(error: unknown): readonly CodedError[] {
  if (error instanceof CodedErrors) return error.errors
  if (error instanceof CodedError) return [error]
  throw error
}
