// What publishing configuration to regional control planes means on every substrate, as a Git pipeline would do it:
// what is in force, what a plane that missed a change is given and when, and what the history is told. Time and the
// way to a plane are given, so that sockets and virtual time publish alike.
//
//   publish ──► every plane ─┬─ accepted ─► config-published
//                            ├─ gap ──────► the whole configuration
//                            ├─ refused ──► the change is withdrawn, and not sent again
//                            └─ silent ───► told once; sent again every second, as whatever is newest by then

import { documentKey, refKey } from '../gateway/controlplane/documents.ts'
import type { ConfigChange, ConfigDocument, WholeConfig } from '../gateway/controlplane/protocol.ts'
import type { CodedError } from '../gateway/errors.ts'
import type { Scheduler } from '../gateway/ports.ts'
import { topologyError, type TopologyErrorCode } from './errors.ts'

export type PlaneReply =
  | { kind: 'accepted' }
  /** `status` and `body` as over HTTP; `held` is the revision in force there. */
  | { kind: 'gap'; held: number; status: number; body: string }
  | { kind: 'refused'; status: number; body: string }
  /** Dead, or did not answer in `publishPatienceMs`. It may have taken what was sent. */
  | { kind: 'silent'; reason: string }

export type PublicationNote =
  | { kind: 'config-published'; revision: number; region: string; documents: number }
  | { kind: 'tool'; tool: string; text: string }

export interface PublicationParts {
  regions: readonly string[]
  scheduler: Pick<Scheduler, 'after'>
  /** Calls back once, at once or later. */
  send(region: string, asked: ConfigChange | WholeConfig, replied: (reply: PlaneReply) => void): void
  tell(note: PublicationNote): void
}

/** Called once for each plane; null = it accepted, or will be given the change later. */
export type Heard = (refusal: CodedError<TopologyErrorCode> | null) => void

export interface Publication {
  /** To every plane at once. */
  publish(change: ConfigChange, heard: Heard): void
  /** The plane was started anew and may hold less than it did: its journal may have been torn. */
  restarted(region: string): void
  /** From now on nothing is sent again and nothing told; what is out ends without a word. */
  close(): void
}

/** A plane that has not answered by then is taken for dead, milliseconds. */
export const publishPatienceMs = 5000
/** What was not delivered is sent again this much later, milliseconds. */
export const publishAgainMs = 1000

export const firstChange = (documents: ConfigDocument[]): ConfigChange => ({ revision: 1, put: documents, remove: [] })

interface Proposal {
  change: ConfigChange
  /** For a plane that answers with a gap: everything, as it stands after the change. */
  whole: WholeConfig
  documents: ReadonlyMap<string, ConfigDocument>
  /** In force again when this one is refused. */
  before: Proposal | null
}

/** Revisions; 0 = none. */
interface Recipient {
  region: string
  /** The newest that it is known to hold. */
  held: number
  /** The newest that was told as published, and as not delivered. */
  told: number
  missed: number
  /** Refused when it was sent again. */
  refused: number
  /** Deliveries that are not over. */
  out: number
  cancel: (() => void) | null
}

export function openPublication({ regions, scheduler, send, tell }: PublicationParts): Publication {
  const planes = new Map(regions.map((region): [string, Recipient] =>
    [region, { region, held: 0, told: 0, missed: 0, refused: 0, out: 0, cancel: null }]))
  let newest: Proposal | null = null
  let closed = false

  function propose(change: ConfigChange): Proposal {
    const documents = new Map(newest?.documents)
    for (const document of change.put) documents.set(documentKey(document), document)
    for (const ref of change.remove) documents.delete(refKey(ref))
    // What was published before this one stands by now.
    if (newest !== null) newest.before = null
    return { change, whole: { revision: change.revision, documents: [...documents.values()] }, documents, before: newest }
  }

  /** `heard` is null when it is sent again. */
  function deliver(plane: Recipient, proposal: Proposal, heard: Heard | null): void {
    const { change, whole } = proposal
    plane.out++
    const over = (reply: PlaneReply): void => {
      plane.out--
      const refusal = closed ? null : settle(plane, proposal, reply, heard === null)
      deliverLater(plane)
      heard?.(refusal)
    }
    send(plane.region, change, (reply) => {
      if (closed || reply.kind !== 'gap' || (heard === null && reply.held >= change.revision)) over(reply)
      else send(plane.region, whole, over)
    })
  }

  function settle(plane: Recipient, proposal: Proposal, reply: PlaneReply, again: boolean): CodedError<TopologyErrorCode> | null {
    const { region } = plane
    const { change } = proposal
    if (reply.kind === 'accepted') return delivered(plane, change)
    if (reply.kind === 'silent') {
      if (change.revision > plane.missed) tell(publisherNote(region, `revision ${change.revision} not delivered: ${reply.reason}`))
      plane.missed = Math.max(plane.missed, change.revision)
      return null
    }
    // It took this one after all, and its answer was lost; or a newer one, which is on its way to be told.
    if (again && reply.kind === 'gap' && reply.held >= change.revision) return reply.held === change.revision ? delivered(plane, change) : null
    if (again) {
      plane.refused = change.revision
      tell(publisherNote(region, `revision ${change.revision} refused when it was sent again: ${reply.status} ${reply.body.slice(0, 500)}`))
      return null
    }
    if (newest === proposal) newest = proposal.before
    return topologyError('RGT_UNSUPPORTED', `the control plane of ${region} refused revision ${change.revision}`, {
      found: `${reply.status} ${reply.body.slice(0, 500)}`,
    })
  }

  function delivered(plane: Recipient, { revision, put, remove }: ConfigChange): null {
    plane.held = Math.max(plane.held, revision)
    if (revision > plane.told) tell({ kind: 'config-published', revision, region: plane.region, documents: put.length + remove.length })
    plane.told = Math.max(plane.told, revision)
    return null
  }

  const owed = ({ held, refused }: Recipient): Proposal | null =>
    (newest !== null && newest.change.revision > Math.max(held, refused) ? newest : null)

  function deliverLater(plane: Recipient): void {
    if (closed || plane.out > 0 || plane.cancel !== null || owed(plane) === null) return
    plane.cancel = scheduler.after(publishAgainMs, () => {
      plane.cancel = null
      const proposal = owed(plane)
      if (proposal !== null) deliver(plane, proposal, null)
    })
  }

  const forgetTimer = (plane: Recipient): void => {
    plane.cancel?.()
    plane.cancel = null
  }

  return {
    publish(change, heard) {
      const proposal = newest = propose(change)
      for (const plane of planes.values()) {
        forgetTimer(plane)
        deliver(plane, proposal, heard)
      }
    },
    restarted(region) {
      const plane = planes.get(region)
      if (plane === undefined) return
      plane.held = 0
      deliverLater(plane)
    },
    close() {
      closed = true
      for (const plane of planes.values()) forgetTimer(plane)
    },
  }
}

const publisherNote = (region: string, text: string): PublicationNote => ({ kind: 'tool', tool: `publisher/${region}`, text })
