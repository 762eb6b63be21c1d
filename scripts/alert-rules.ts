// The AlertPolicies of topologies and files of gateway configuration, which are one configuration together.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fromObjects, readDocuments, type SourceDocument } from '../gateway/config/document.ts'
import { federate } from '../gateway/config/federate.ts'
import type { AlertRules } from '../gateway/telemetry/alerts/alert.ts'
import { gatewayConfig } from '../topologies/gateway-config.ts'
import { catalogTopologies, loadTopology } from '../topologies/load.ts'
import { commandError } from './errors.ts'

/** Throws CodedErrors for what does not hold together, RGT_COMMAND_FILE for what cannot be read. */
export async function alertRulesOf(names: readonly string[]): Promise<readonly AlertRules[]> {
  const documents: SourceDocument[] = []
  for (const name of names) documents.push(...await documentsOf(name))
  return federate(documents).alerts
}

async function documentsOf(name: string): Promise<SourceDocument[]> {
  if (!/[/\\]|\.(ya?ml|json)$/.test(name)) {
    const known = catalogTopologies().map((topology) => topology.name)
    if (!known.includes(name)) throw commandError(`there is no topology \`${name}\``, { expected: `${known.join(', ')}, or the path of a file`, found: name }, 'RGT_COMMAND_FILE')
    return ofTopology(name)
  }
  let text: string
  try {
    text = readFileSync(resolve(name), 'utf8')
  } catch (cause) {
    throw commandError('the file cannot be read', { place: { file: name }, found: (cause as Error).message, cause }, 'RGT_COMMAND_FILE')
  }
  const documents = readDocuments(text, name)
  const isTopology = documents.some(({ value }) => (value as { kind?: unknown } | null)?.kind === 'Topology')
  return isTopology ? ofTopology(name) : documents
}

async function ofTopology(name: string): Promise<SourceDocument[]> {
  return fromObjects(await gatewayConfig(await loadTopology(name)), name)
}
