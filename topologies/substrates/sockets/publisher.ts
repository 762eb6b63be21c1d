// Publishes configuration to regional control planes, however these are reached (topologies/publication.ts says what
// publishing means; here it is over HTTP). Nothing of it is left when it is closed: no timer, no request.

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

/** The way to one control plane. */
export interface PlaneTransport {
  region: string
  /** Never rejects; what cannot be delivered is `silent`. Gives up when the signal says so. */
  ask(asked: ConfigChange | WholeConfig, signal: AbortSignal): Promise<PlaneReply>
}

export interface PublisherParts {
  planes: PlaneTransport[]
  journal: Pick<Journal, 'note'>
  scheduler: Pick<Scheduler, 'after'>
}

export function openPublisher({ planes, journal, scheduler }: PublisherParts): Publisher {
  const transports = new Map(planes.map((plane) => [plane.region, plane]))
  const closing = new AbortController()

  const publication = openPublication({
    regions: planes.map(({ region }) => region), scheduler,
    send: (region, asked, replied) => void transports.get(region)!.ask(asked, AbortSignal.any([closing.signal, AbortSignal.timeout(publishPatienceMs)])).then(replied),
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

/** A control plane that listens on loopback. */
export function httpPlane(region: string, port: number, token: string): PlaneTransport {
  return {
    region,
    async ask(asked, signal) {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/v1/config`, {
          method: 'documents' in asked ? 'PUT' : 'PATCH',
          headers: { 'x-regatta-token': token, 'content-type': 'application/json' }, body: JSON.stringify(asked), signal,
        })
        const { ok, status } = response
        const body = await response.text()
        if (ok) return { kind: 'accepted' }
        return status === 409 ? { kind: 'gap', held: (JSON.parse(body) as { revision: number }).revision, status, body } : { kind: 'refused', status, body }
      } catch (error) {
        return { kind: 'silent', reason: String(error) }
      }
    },
  }
}
