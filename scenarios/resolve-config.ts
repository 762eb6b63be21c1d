// The gateway configuration that a scenario brings along: read, and checked as it will stand over the topology's,
// so that a policy that no gateway would accept is told with its line in the scenario.

import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { fromObjects, type DocumentPath, type SourceDocument } from '../gateway/config/document.ts'
import { parseShape } from '../gateway/config/shape.ts'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { checkGatewayConfig } from '../topologies/gateway-config.ts'
import type { ConfigDocument } from '../topologies/substrate.ts'
import { overlayBy } from './overlay.ts'
import { fillChange } from './plan-changes.ts'
import { refuse, type Reading } from './resolve-reading.ts'

export type ReadConfig = (file: string) => Promise<SourceDocument[]>

const documentHead = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().min(1).optional() }),
})

/** The documents of `config`, in the order of the file. `base`: the topology's own. */
export async function configOf(reading: Reading, base: readonly ConfigDocument[], readConfig: ReadConfig): Promise<ConfigDocument[]> {
  const written = (reading.source.value as { spec: { config?: unknown[] } }).spec.config?.length ?? 0
  const placeOf = (index: number): DocumentPath => index < written ? ['spec', 'config', index] : ['spec', 'fast', 'config', index - written]
  const changes = reading.spec.method.flatMap((block, index) => 'change' in block
    ? [within(reading, [...reading.pathOf('method'), index, 'document'], fillChange(block.document, 0, 0))] : [])
  return readOver(reading, base, { items: reading.spec.config, placeOf }, readConfig, changes)
}

interface Written {
  /** Documents, or paths relative to the scenario's file. */
  items: readonly (string | object)[]
  placeOf(index: number): DocumentPath
}

/** Documents that somebody wrote to lie over others, checked as the whole will stand. `beside`: checked with them, not given back. */
export async function readOver(
  reading: Reading, base: readonly ConfigDocument[], written: Written, readConfig: ReadConfig, beside: readonly SourceDocument[] = [],
): Promise<ConfigDocument[]> {
  const before = reading.problems.length
  const sources = await sourcesOf(reading, written, readConfig)
  for (const source of [...sources, ...beside]) gather(reading, () => void parseShape(documentHead, source, 'RGT_SCENARIO_SCHEMA'))
  if (reading.problems.length === before) {
    const documentOf = (source: SourceDocument): ConfigDocument => source.value as ConfigDocument
    const whole = overlayBy(overlayBy(fromObjects(base, reading.topology.name), sources, documentOf), beside, documentOf)
    gather(reading, () => checkGatewayConfig(reading.topology, whole))
  }
  return sources.map(({ value }) => value as ConfigDocument)
}

async function sourcesOf(reading: Reading, { items, placeOf }: Written, readConfig: ReadConfig): Promise<SourceDocument[]> {
  const sources: SourceDocument[] = []
  for (const [index, item] of items.entries()) {
    const path = placeOf(index)
    if (typeof item !== 'string') {
      sources.push(within(reading, path, item))
      continue
    }
    const file = resolve(dirname(reading.source.file), item)
    try {
      sources.push(...await readConfig(file))
    } catch (error) {
      if (error instanceof CodedErrors) reading.problems.push(...error.errors)
      else refuse(reading, 'RGT_SCENARIO_REFERENCE', path, 'a configuration file cannot be read', String(error), `a file at ${file}`)
    }
  }
  return sources
}

/** A document that stands inside the scenario's own file. */
function within({ source }: Reading, path: DocumentPath, value: unknown): SourceDocument {
  return { value, file: source.file, place: (inner, what) => source.place([...path, ...inner], what) }
}

function gather(reading: Reading, run: () => void): void {
  try {
    run()
  } catch (error) {
    if (error instanceof CodedErrors) reading.problems.push(...error.errors)
    else if (error instanceof CodedError) reading.problems.push(error)
    else throw error
  }
}
