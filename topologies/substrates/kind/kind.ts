// The kind substrate: a Kubernetes cluster a region, the gateway, its control plane and the services in pods, edges and the
// fault proxy in containers outside every region. The same start drives clusters that exist already.

import type { Deployment, StartRequest, Substrate } from '../../substrate.ts'
import { contextCapabilities, kindCapabilities } from './faults.ts'
import { untraced } from './untraced.ts'

export const kindSubstrate: Substrate = {
  kind: 'kind',
  description: 'one kind cluster a region (or existing clusters, --contexts), gateways in pods; needs Docker and kind',
  time: 'real',
  unmeasured: {},
  untraced,
  // Every program was born a minute ago, and spends its first seconds of load on compiling itself, which on a small machine
  // would look like the drill's doing. What is measured of every path in the steady phase is spread over it.
  leastUs: { warmup: 25_000_000, steady: 25_000_000 },
  capabilities: () => kindCapabilities,
  start,
}

/** The Kubernetes client takes half a second to load, which nobody should pay who does not start clusters. */
async function start(request: StartRequest): Promise<Deployment> {
  request.signal.throwIfAborted()
  const { startClusters } = await import('./start.ts')
  return startClusters(request, request.options.clusters?.contexts === undefined ? kindCapabilities : contextCapabilities)
}
