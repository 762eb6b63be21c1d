// Publishes configuration over HTTP to the regional control planes of this machine (topologies/publication.ts says
// what that means). Nothing of it is left when it is closed: no timer, no request.

import type { WholeConfig } from '../../../gateway/controlplane/protocol.ts'
import type { CodedError } from '../../../gateway/errors.ts'
import type { Scheduler } from '../../../gateway/ports.ts'
import { firstChange, openPublication, publishPatienceMs, type PlaneReply } from '../../publication.ts'
import type { ConfigChange, ConfigDocument } from '../../substrate.ts'
import type { Journal } from './journal.ts'

export interface Publisher {
  /** Revision 1. Throws RGT_UNSUPPORTED when a plane refuses it. */
  publishAll(documents: ConfigDocument[]): Promise<void>
  /** Resolves when every plane has answered or is given it later. Throws RGT_UNSUPPORTED when one refuses it. */
  publish(change: ConfigChange): Promise<void>
  /** A process serves again; a control plane is asked whether it still holds what it did. */
  restarted(process: string): void
  /** What is out is given up, and nothing is sent again. Idempotent. */
  close(): void
}

export interface ControlAddress { region: string; port: number }

export interface PublisherParts {
  planes: ControlAddress[]
  token: string
  journal: Pick<Journal, 'note'>
  scheduler: Pick<Scheduler, 'after'>
}

export function openPublisher({ planes, token, journal, scheduler }: PublisherParts): Publisher {
  const ports = new Map(planes.map(({ region, port }) => [region, port]))
  const closing = new AbortController()

  const ask = async (region: string, asked: ConfigChange | WholeConfig): Promise<PlaneReply> => {
    try {
      const response = await fetch(`http://127.0.0.1:${ports.get(region)}/v1/config`, {
        method: 'documents' in asked ? 'PUT' : 'PATCH',
        headers: { 'x-regatta-token': token, 'content-type': 'application/json' }, body: JSON.stringify(asked),
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(publishPatienceMs)]),
      })
      const { ok, status } = response
      const body = await response.text()
      if (ok) return { kind: 'accepted' }
      return status === 409 ? { kind: 'gap', held: (JSON.parse(body) as { revision: number }).revision, status, body } : { kind: 'refused', status, body }
    } catch (error) {
      return { kind: 'silent', reason: String(error) }
    }
  }
  const publication = openPublication({
    regions: planes.map(({ region }) => region), scheduler,
    send: (region, asked, replied) => void ask(region, asked).then(replied),
    tell: (note) => journal.note(note),
  })

  const publishToAll = (change: ConfigChange): Promise<void> => new Promise((resolve, reject) => {
    let waiting = planes.length
    let first: CodedError | null = null
    publication.publish(change, (refusal) => {
      first ??= refusal
      if (--waiting > 0) return
      if (first === null) resolve()
      else reject(first)
    })
  })

  // One after another: a plane accepts exactly the revision after the one it holds.
  let last: Promise<unknown> = Promise.resolve()
  const publish: Publisher['publish'] = (change) => {
    const mine = last.then(() => publishToAll(change))
    last = mine.catch(() => {})
    return mine
  }
  return {
    publish,
    publishAll: (all) => publish(firstChange(all)),
    restarted(process) {
      const region = planes.find((plane) => process === `control-plane/${plane.region}`)?.region
      if (region !== undefined) publication.restarted(region)
    },
    close() {
      publication.close()
      closing.abort()
    },
  }
}
