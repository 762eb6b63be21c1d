// The simulated substrate: the same scenario in virtual time. Deterministic (one seed, one total order of events),
// and faster than the world it shows. Gateways, control planes and policies are the real cores.

import { performance } from 'node:perf_hooks'
import { topologyError } from '../../errors.ts'
import { refuseMeshWhereNone } from '../../meshes/index.ts'
import type { Deployment, Inventory, StartRequest, Substrate } from '../../substrate.ts'
import { openDeployment } from './deployment.ts'
import { simulatedCapabilities } from './faults.ts'

const noPlanes = 'no control plane evaluates AlertPolicies in virtual time; they are on local'

export const simulatedSubstrate: Substrate = {
  kind: 'simulated',
  description: 'deterministic discrete events in virtual time, driving the real cores; needs nothing',
  time: 'virtual',
  unmeasured: {
    tracing_overhead: 'what tracing costs is processor time, which virtual time does not know; measured on local',
    exported_bytes: 'kept spans are counted and written down, not sent as OTLP; measured on local',
    alert_reaction_time: noPlanes, alert_recovery_time: noPlanes, false_alerts: noPlanes,
    decision_time: 'the decision costs processor time, which virtual time does not know; measured on local and by `npm run bench -- decision`',
  },
  capabilities: () => simulatedCapabilities,
  start,
}

async function start(request: StartRequest): Promise<Deployment> {
  const { signal, options, topology, tools } = request
  signal.throwIfAborted()
  const startedMs = performance.now()
  refuseMeshWhereNone(topology.mesh, 'simulated')
  if (options.gateway !== 'reference') {
    throw topologyError('RGT_UNSUPPORTED', 'a simulation runs the reference gateway', {
      expected: 'gateway reference', found: `gateway ${options.gateway}`, hint: 'other products run on local',
    })
  }
  const inventory: Inventory = {
    tools: {}, stagesMs: {}, entries: {}, admin: {},
    clock: { id: 'virtual', offsetUs: 0, uncertaintyUs: 0 },
  }
  for (const { name, entry } of topology.clients) {
    inventory.entries[name] = entry.kind === 'edge' ? [`edge/${entry.edge}`] : (entry.kind === 'direct' ? [entry.region] : entry.regions).map((region) => `gateway/${region}`)
  }
  if (options.engines?.includes('k6')) {
    const reason = 'arrivals are played in virtual time, where no load generator can run'
    if (!tools.allowEmbedded || tools.required?.includes('k6')) {
      throw topologyError('RGT_TOOL_MISSING', 'the real k6 was asked for', { found: reason, hint: 'run it on local' })
    }
    inventory.tools.k6 = { version: 'none', origin: 'embedded', reason }
  }
  const deployment = openDeployment(request, inventory)
  inventory.stagesMs.prepare = Math.round(performance.now() - startedMs)
  request.progress('prepare', 'nothing to start: the world is made when the run begins')
  return deployment
}
