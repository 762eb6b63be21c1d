// Publishes configuration over HTTP to the regional control planes of this machine (topologies/publication.ts says
// what that means). A plane that missed a change asks for the whole, and gets it.

import { firstChange, openPublication, publishPatienceMs, publishedNote, refusalError, undeliveredNote, type Proposal } from '../../publication.ts'
import type { ConfigChange, ConfigDocument } from '../../substrate.ts'
import type { Journal } from './journal.ts'

export interface Publisher {
  /** Revision 1. Throws RGT_UNSUPPORTED when a plane refuses it. */
  publishAll(documents: ConfigDocument[]): Promise<void>
  publish(change: ConfigChange): Promise<void>
}

export interface ControlAddress { region: string; port: number }

export function openPublisher(planes: ControlAddress[], token: string, journal: Journal): Publisher {
  const publication = openPublication()

  const send = (port: number, method: 'PATCH' | 'PUT', body: unknown): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/v1/config`, {
      method, headers: { 'x-regatta-token': token, 'content-type': 'application/json' }, body: JSON.stringify(body),
      signal: AbortSignal.timeout(publishPatienceMs),
    })

  const publishTo = async ({ region, port }: ControlAddress, { change, whole }: Proposal): Promise<void> => {
    let response: Response
    try {
      response = await send(port, 'PATCH', change)
      if (response.status === 409) response = await send(port, 'PUT', whole)
    } catch (error) {
      journal.note(undeliveredNote(region, change, error))
      return
    }
    if (!response.ok) throw refusalError(region, change, response.status, await response.text())
    journal.note(publishedNote(region, change))
  }

  const publishToAll = async (change: ConfigChange): Promise<void> => {
    const proposal = publication.propose(change)
    const told = await Promise.allSettled(planes.map((plane) => publishTo(plane, proposal)))
    const refusal = told.find((one) => one.status === 'rejected')
    if (refusal !== undefined) throw refusal.reason
    proposal.inForce()
  }

  // One after another: a plane accepts exactly the revision after the one it holds.
  let last: Promise<unknown> = Promise.resolve()
  const publish: Publisher['publish'] = (change) => {
    const mine = last.then(() => publishToAll(change))
    last = mine.catch(() => {})
    return mine
  }
  return { publish, publishAll: (all) => publish(firstChange(all)) }
}
