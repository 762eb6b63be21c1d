// The variants of a scenario's blocks, each checked as it will stand over the rest of the configuration, so that a policy
// that no gateway would accept is told with its line before an hour of blocks begins.

import { formatDuration } from '../gateway/config/duration.ts'
import { documentKey } from '../gateway/controlplane/documents.ts'
import type { ConfigDocument } from '../topologies/substrate.ts'
import { readOver, type ReadConfig } from './resolve-config.ts'
import { refuse, type Reading, type Spec } from './resolve-reading.ts'
import type { VariantBlocks } from './scenario.ts'

/** Lead and all rounds together, microseconds. */
export function blocksLengthUs({ rounds, length, variants, lead }: NonNullable<Spec['blocks']>): number {
  return (lead?.length ?? 0) + rounds * variants.length * length
}

/** `below`: topology's and scenario's documents, one over the other. Undefined when the scenario has no blocks. */
export async function variantsOf(reading: Reading, below: readonly ConfigDocument[], readConfig: ReadConfig): Promise<VariantBlocks | undefined> {
  const { blocks } = reading.spec
  if (blocks === undefined) return undefined
  const shortest = Math.min(blocks.length, blocks.lead?.length ?? Infinity)
  if (blocks.settle >= shortest) {
    refuse(reading, 'RGT_SCENARIO_TIMELINE', ['spec', 'blocks'], 'nothing of a block counts', `settle ${formatDuration(blocks.settle)}`, `less than its length of ${formatDuration(shortest)}`)
  }
  const names = new Set<string>()
  const variants: VariantBlocks['variants'] = []
  for (const [index, { name, config }] of blocks.variants.entries()) {
    const path = ['spec', 'blocks', 'variants', index]
    if (names.has(name)) refuse(reading, 'RGT_SCENARIO_REFERENCE', [...path, 'name'], 'two variants share a name', name)
    names.add(name)
    variants.push({ name, config: await readOver(reading, below, { items: config, placeOf: (at) => [...path, 'config', at] }, readConfig) })
  }
  const { rounds, length: lengthUs, settle: settleUs, lead } = blocks
  if (lead !== undefined && !names.has(lead.variant)) {
    refuse(reading, 'RGT_SCENARIO_REFERENCE', ['spec', 'blocks', 'lead', 'variant'], 'there is no variant of that name', lead.variant, [...names].join(', '))
  }
  return {
    rounds, lengthUs, settleUs, variants: withRestored(variants, below),
    ...(lead === undefined ? {} : { lead: { variant: lead.variant, lengthUs: lead.length } }),
  }
}

/** A document that one variant replaces is put back by those that do not: removing it would take away what lay below. */
function withRestored(variants: VariantBlocks['variants'], below: readonly ConfigDocument[]): VariantBlocks['variants'] {
  const replaced = new Set(variants.flatMap(({ config }) => config.map(documentKey)))
  const restore = below.filter((document) => replaced.has(documentKey(document)))
  return variants.map(({ name, config }) => {
    const own = new Set(config.map(documentKey))
    return { name, config: [...config, ...restore.filter((document) => !own.has(documentKey(document)))] }
  })
}
