// Reads the gateway configuration that a topology names, validated as a whole, and held against what runs there:
// a route to a service that no region runs would answer errors for ever.

import { readFileSync } from 'node:fs'
import { federate, readDocuments, type SourceDocument } from '../gateway/config/federate.ts'
import { nearest } from '../gateway/config/shape.ts'
import { CodedErrors, formatPlace, type CodedError } from '../gateway/errors.ts'
import { instantiate } from './config-templates.ts'
import { topologyError } from './errors.ts'
import type { ConfigDocument } from './substrate.ts'
import type { Topology } from './topology.ts'

/** So many names of services are listed in an error, and so many errors get the nearest name looked up. */
const shown = 20

/**
 * The documents of the topology's gateway configuration, templates written out, as plain values. Throws CodedErrors of
 * the configuration language, or RGT_TOPOLOGY_REFERENCE for each backend that is no service of the topology.
 */
export async function gatewayConfig(topology: Topology): Promise<ConfigDocument[]> {
  const { config, templates = [] } = topology.gateway
  const read = (file: string): string => readFileSync(file, 'utf8')
  const sources = [
    ...config.flatMap((file) => readDocuments(read(file), file)),
    ...instantiate(templates, topology.services, read),
  ]
  try {
    checkGatewayConfig(topology, sources)
  } catch (error) {
    throw error instanceof CodedErrors ? new CodedErrors(onceAPlace(error.errors)) : error
  }
  return sources.map((source) => source.value as ConfigDocument)
}

/** The same checks for documents from elsewhere. Throws as `gatewayConfig` does. */
export function checkGatewayConfig(topology: Topology, sources: readonly SourceDocument[]): void {
  const services = topology.services.map(({ name }) => name)
  const known = new Set(services)
  const errors: CodedError[] = []
  let byName: Map<string, SourceDocument> | null = null
  for (const { document } of federate(sources).routes) {
    const { name: route, namespace } = document.metadata
    document.spec.rules.forEach((rule, at) => rule.backendRefs.forEach((backend, index) => {
      const service = `${backend.namespace ?? namespace}/${backend.name}:${backend.port}`
      if (known.has(service)) return
      byName ??= routesByName(sources)
      const source = byName.get(`${namespace}/${route}`)
      const near = errors.length < shown ? nearest(service, services) : undefined
      errors.push(topologyError('RGT_TOPOLOGY_REFERENCE', `route ${namespace}/${route} leads to a service that topology ${topology.name} does not run`, {
        ...(source === undefined ? {} : { place: source.place(['spec', 'rules', at, 'backendRefs', index]) }),
        expected: `one of ${services.slice(0, shown).join(', ')}${services.length > shown ? ', …' : ''}`,
        found: service,
        ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
      }))
    }))
  }
  if (errors.length > 0) throw new CodedErrors(errors)
}

function routesByName(sources: readonly SourceDocument[]): Map<string, SourceDocument> {
  return new Map(sources.flatMap((source) => {
    const { kind, metadata } = source.value as ConfigDocument
    return kind === 'HTTPRoute' ? [[`${metadata.namespace ?? 'default'}/${metadata.name}`, source] as const] : []
  }))
}

/** A template's mistake shows in each of its documents: it is told for the first. */
function onceAPlace(errors: readonly CodedError[]): CodedError[] {
  const told = new Set<string>()
  return errors.filter(({ code, details: { place } }) => {
    if (place === undefined) return true
    const key = `${code} ${formatPlace(place)}`
    return !told.has(key) && told.add(key)
  })
}
