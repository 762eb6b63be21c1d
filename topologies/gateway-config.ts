// Reads the gateway configuration that a topology names, validated as a whole, and held against what runs there:
// a route to a service that no region runs would answer errors for ever.

import { readFileSync } from 'node:fs'
import { federate, readDocuments, type SourceDocument } from '../gateway/config/federate.ts'
import { nearest } from '../gateway/config/shape.ts'
import { CodedErrors, type CodedError } from '../gateway/errors.ts'
import { topologyError } from './errors.ts'
import type { ConfigDocument } from './substrate.ts'
import type { Topology } from './topology.ts'

/**
 * The documents of the topology's gateway configuration, as plain values. Throws CodedErrors of the configuration
 * language, or RGT_TOPOLOGY_REFERENCE for each backend that is no service of the topology.
 */
export async function gatewayConfig(topology: Topology): Promise<ConfigDocument[]> {
  const sources = topology.gateway.config.flatMap((file) => readDocuments(readFileSync(file, 'utf8'), file))
  checkGatewayConfig(topology, sources)
  return sources.map((source) => source.value as ConfigDocument)
}

/** The same checks for documents from elsewhere. Throws as `gatewayConfig` does. */
export function checkGatewayConfig(topology: Topology, sources: readonly SourceDocument[]): void {
  const services = topology.services.map(({ name }) => name)
  const errors: CodedError[] = []
  for (const { document } of federate(sources).routes) {
    const { name: route, namespace } = document.metadata
    document.spec.rules.forEach((rule, at) => rule.backendRefs.forEach((backend, index) => {
      const service = `${backend.namespace ?? namespace}/${backend.name}:${backend.port}`
      if (services.includes(service)) return
      const near = nearest(service, services)
      const source = sources.find(({ value }) => isRoute(value, namespace, route))
      errors.push(topologyError('RGT_TOPOLOGY_REFERENCE', `route ${namespace}/${route} leads to a service that topology ${topology.name} does not run`, {
        ...(source === undefined ? {} : { place: source.place(['spec', 'rules', at, 'backendRefs', index]) }),
        expected: `one of ${services.join(', ')}`,
        found: service,
        ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
      }))
    }))
  }
  if (errors.length > 0) throw new CodedErrors(errors)
}

function isRoute(value: unknown, namespace: string, name: string): boolean {
  const { kind, metadata } = value as ConfigDocument
  return kind === 'HTTPRoute' && metadata.name === name && (metadata.namespace ?? 'default') === namespace
}
