// What publishing configuration to regional control planes means on every substrate, as the global plane or a Git
// pipeline would do it: what is in force, what a plane that missed a change is given, and what the history is told.

import { documentKey, refKey } from '../gateway/controlplane/documents.ts'
import type { ConfigChange, ConfigDocument, WholeConfig } from '../gateway/controlplane/protocol.ts'
import type { CodedError } from '../gateway/errors.ts'
import { topologyError, type TopologyErrorCode } from './errors.ts'

/** A change that is being published. */
export interface Proposal {
  change: ConfigChange
  /** For a plane that answers 409: everything, as it stands after the change. */
  whole: WholeConfig
  /** No plane refused it. */
  inForce(): void
}

export interface Publication {
  /** A change that is refused leaves what is in force as it was. */
  propose(change: ConfigChange): Proposal
}

export function openPublication(): Publication {
  let documents = new Map<string, ConfigDocument>()
  return {
    propose(change) {
      const next = new Map(documents)
      for (const document of change.put) next.set(documentKey(document), document)
      for (const ref of change.remove) next.delete(refKey(ref))
      return { change, whole: { revision: change.revision, documents: [...next.values()] }, inForce: () => { documents = next } }
    },
  }
}

export const firstChange = (documents: ConfigDocument[]): ConfigChange => ({ revision: 1, put: documents, remove: [] })

export type PublicationNote =
  | { kind: 'config-published'; revision: number; region: string; documents: number }
  | { kind: 'tool'; tool: string; text: string }

export function publishedNote(region: string, { revision, put, remove }: ConfigChange): PublicationNote {
  return { kind: 'config-published', revision, region, documents: put.length + remove.length }
}

/** A dead plane is what some drills are about; it hears of the change when it is back and the next one comes. */
export function undeliveredNote(region: string, { revision }: ConfigChange, reason: unknown): PublicationNote {
  return { kind: 'tool', tool: `publisher/${region}`, text: `revision ${revision} not delivered: ${String(reason)}` }
}

/** RGT_UNSUPPORTED. `body` is what the plane answered. */
export function refusalError(region: string, { revision }: ConfigChange, status: number, body: string): CodedError<TopologyErrorCode> {
  return topologyError('RGT_UNSUPPORTED', `the control plane of ${region} refused revision ${revision}`, { found: `${status} ${body.slice(0, 500)}` })
}

/** A plane that has not answered by then is taken for dead, milliseconds. */
export const publishPatienceMs = 5000
