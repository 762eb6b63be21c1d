// Publishes configuration to every regional control plane, as the global plane or a Git pipeline would. A
// plane that missed a change asks for the whole, and gets it.

import { topologyError } from '../../errors.ts'
import type { ConfigChange, ConfigDocument } from '../../substrate.ts'
import type { Journal } from './journal.ts'

export interface Publisher {
  /** Revision 1. Throws RGT_UNSUPPORTED when a plane refuses it. */
  publishAll(documents: ConfigDocument[]): Promise<void>
  publish(change: ConfigChange): Promise<void>
}

export interface ControlAddress { region: string; port: number }

export function openPublisher(planes: ControlAddress[], token: string, journal: Journal): Publisher {
  /** What is in force: a refused change leaves it as it was. */
  let documents = new Map<string, ConfigDocument>()

  const send = (port: number, method: 'PATCH' | 'PUT', body: unknown): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/v1/config`, {
      method, headers: { 'x-regatta-token': token, 'content-type': 'application/json' }, body: JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    })

  const publishTo = async ({ region, port }: ControlAddress, change: ConfigChange, whole: ConfigDocument[]): Promise<void> => {
    let response: Response
    try {
      response = await send(port, 'PATCH', change)
      if (response.status === 409) response = await send(port, 'PUT', { revision: change.revision, documents: whole })
    } catch (error) {
      // A dead plane is what some drills are about; it hears of the change when it is back and the next one comes.
      journal.note({ kind: 'tool', tool: `publisher/${region}`, text: `revision ${change.revision} not delivered: ${String(error)}` })
      return
    }
    if (!response.ok) {
      throw topologyError('RGT_UNSUPPORTED', `the control plane of ${region} refused revision ${change.revision}`, {
        found: `${response.status} ${(await response.text()).slice(0, 500)}`,
      })
    }
    journal.note({ kind: 'config-published', revision: change.revision, region, documents: change.put.length + change.remove.length })
  }

  const publishToAll = async (change: ConfigChange): Promise<void> => {
    const next = new Map(documents)
    for (const document of change.put) next.set(keyOf(document.kind, document.metadata.namespace, document.metadata.name), document)
    for (const { kind, namespace, name } of change.remove) next.delete(keyOf(kind, namespace, name))
    const told = await Promise.allSettled(planes.map((plane) => publishTo(plane, change, [...next.values()])))
    const refusal = told.find((one) => one.status === 'rejected')
    if (refusal !== undefined) throw refusal.reason
    documents = next
  }

  // One after another: a plane accepts exactly the revision after the one it holds.
  let last: Promise<unknown> = Promise.resolve()
  const publish: Publisher['publish'] = (change) => {
    const mine = last.then(() => publishToAll(change))
    last = mine.catch(() => {})
    return mine
  }
  return {
    publish,
    publishAll: (all) => publish({ revision: 1, put: all, remove: [] }),
  }
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? 'default'}/${name}`
}
