// Where a mesh owns the failover of services, the gateways must not hide it: every policy on a Gateway is told so, and a
// Gateway without any gets one.

import type { ConfigDocument } from '../substrate.ts'
import type { Topology } from '../topology.ts'

interface TargetRef { group: string; kind: string; name: string }
interface PolicySpec { targetRefs: TargetRef[]; health?: object }

const gatewayGroup = 'gateway.networking.k8s.io'
const ownPolicy = 'mesh-owns-failover'

/** The configuration that gateways get beside this topology's mesh; the same when gateways own failover. */
export function standBack(config: readonly ConfigDocument[], { failoverOwner }: Pick<Topology, 'failoverOwner'>): ConfigDocument[] {
  if (failoverOwner === 'gateway') return [...config]
  const told = new Set<string>()
  const documents = config.flatMap((document) => {
    if (document.kind !== 'FailoverPolicy') return [document]
    const { targetRefs, ...spec } = document.spec as PolicySpec
    const gateways = targetRefs.filter(({ kind }) => kind === 'Gateway')
    if (gateways.length === 0) return [document]
    for (const { name } of gateways) told.add(keyOf(document, name))
    const others = targetRefs.filter(({ kind }) => kind !== 'Gateway')
    const standing = { ...document, spec: { ...spec, targetRefs: gateways, health: { ...spec.health, failoverOwner: 'mesh' } } }
    // Health may be said on Gateways only.
    return others.length === 0 ? [standing] : [standing, { ...document, metadata: { ...document.metadata, name: `${document.metadata.name}-routes` }, spec: { ...spec, targetRefs: others } }]
  })
  const untold = config.filter((document) => document.kind === 'Gateway' && !told.has(keyOf(document, document.metadata.name)))
  return [...documents, ...untold.map(({ metadata: { name, namespace } }): ConfigDocument => ({
    apiVersion: 'regatta.dev/v1alpha1', kind: 'FailoverPolicy', metadata: { name: `${ownPolicy}-${name}`, ...(namespace === undefined ? {} : { namespace }) },
    spec: { targetRefs: [{ group: gatewayGroup, kind: 'Gateway', name }], health: { failoverOwner: 'mesh' } },
  }))]
}

function keyOf({ metadata: { namespace } }: ConfigDocument, name: string): string {
  return `${namespace ?? 'default'}/${name}`
}
