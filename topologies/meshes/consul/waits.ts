// What a run waits for at Consul agents and Envoys before it goes on. A wait that gives up says what was still missing,
// because that is what tells a link that is cut from a sidecar that never came up.

import { CodedError } from '../../../gateway/errors.ts'
import { systemClock, systemScheduler } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import type { CaRoots, ConsulApi } from './api.ts'

const lookMs = 100

type Seen<Value> = { value: Value } | { missing: string; hopeless?: true; cause?: unknown }

/** How a process ended and its last words; null while it runs. */
export type Ended = () => string | null

/** Where is looked, for the error's place; whose, for its message; and what ends every wait there. */
export type WaitedFor = Pick<ConsulApi, 'region' | 'origin' | 'signal'>

export interface Wait<Value> {
  path: string
  /** What did not come about, after "eu-west: ". */
  what: string
  expected: string
  hint: string
  timeoutMs: number
  look(): Promise<Seen<Value>>
}

/**
 * Until the agent has a leader and a certificate authority; without it, neither sidecars nor peerings can be made.
 * The agent must be of the datacenter of that name, so that no other run's is taken for it.
 */
export function untilReady(api: ConsulApi, timeoutMs: number, ended: Ended = () => null): Promise<CaRoots> {
  return wait<CaRoots>(api, {
    path: '/v1/status/leader', what: 'the Consul server did not become ready', timeoutMs,
    expected: `a leader and a certificate authority of datacenter ${api.region}`, hint: 'its log says what it waits for',
    async look() {
      const end = ended()
      if (end !== null) return { missing: end, hopeless: true }
      if (await api.leader() === '') return { missing: 'no leader' }
      const { datacenter } = await api.self()
      if (datacenter !== api.region) return { missing: `an agent of datacenter ${datacenter}`, hopeless: true }
      const roots = await api.caRoots()
      return roots.ActiveRootID === '' || roots.TrustDomain === '' ? { missing: 'a leader, but no certificate authority' } : { value: roots }
    },
  })
}

/** Until the peering is active and everything named is imported over it. */
export function untilImported(api: ConsulApi, peer: string, services: readonly string[], timeoutMs: number): Promise<void> {
  return wait<void>(api, {
    path: `/v1/peering/${peer}`, what: `the peering with ${peer} did not come up`, timeoutMs,
    expected: ['ACTIVE', ...(services.length === 0 ? [] : [`importing ${services.join(', ')}`])].join(', '),
    hint: `its stream runs over the links with ${peer}, and an exported-services entry of ${peer} names what it gives`,
    async look() {
      const peering = await api.peering(peer)
      if (peering === null) return { missing: 'no such peering' }
      const { State, StreamStatus: { ImportedServices } } = peering
      const lacking = services.filter((service) => !ImportedServices.includes(service))
      if (State === 'ACTIVE' && lacking.length === 0) return { value: undefined }
      const missing = [State, ...(lacking.length === 0 ? [] : [`without ${lacking.join(', ')}`])].join(', ')
      return State === 'TERMINATED' || State === 'DELETING' ? { missing, hopeless: true } : { missing }
    },
  })
}

/** An agent that does not answer yet, or has no leader to ask, is waited for like everything else. Throws RGT_MESH, or the signal's reason. */
export async function wait<Value>(at: WaitedFor, { path, what, expected, hint, timeoutMs, look }: Wait<Value>): Promise<Value> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  for (;;) {
    const seen = await look().catch((error: unknown): Seen<Value> => {
      if (error instanceof CodedError && error.code === 'RGT_MESH') return { missing: `${error.message}: ${error.details.found}`, cause: error }
      throw error
    })
    if ('value' in seen) return seen.value
    if (seen.hopeless || systemClock.nowUs() > untilUs) {
      throw topologyError('RGT_MESH', `${at.region}: ${what}`, {
        place: { file: at.origin, path }, expected: `${expected}, within ${timeoutMs / 1000} s`, found: seen.missing, hint, cause: seen.cause,
      })
    }
    // Not longer than a look apart, so an aborted signal is soon seen; the call itself ends with its reason.
    await new Promise<void>((resolve) => { systemScheduler.after(lookMs, resolve) })
    at.signal.throwIfAborted()
  }
}
