// Variants of the configuration in turn, as windows and as publications: the same load over each, often, so that what drifts
// in a machine meets all of them alike (interleaved blocks; R. A. Fisher, The Design of Experiments, 1935, on blocking).

import { isDeepStrictEqual } from 'node:util'
import { documentKey } from '../gateway/controlplane/documents.ts'
import type { DocumentRef } from '../gateway/controlplane/protocol.ts'
import type { ConfigDocument } from '../topologies/substrate.ts'
import type { Publication } from './plan-changes.ts'
import type { PlannedBlock, VariantBlocks } from './scenario.ts'

/** In the order of time, the lead first. Round r, counted from nought, begins with variant r modulo their number. The last one stays in force. */
export function planBlocks({ rounds, lengthUs, settleUs, variants, lead }: VariantBlocks, faultFromUs: number): PlannedBlock[] {
  const roundsFromUs = faultFromUs + (lead?.lengthUs ?? 0)
  const first = lead === undefined ? [] : [{ variant: lead.variant, round: 0, fromUs: faultFromUs, settledUs: faultFromUs + settleUs, toUs: roundsFromUs }]
  return [...first, ...Array.from({ length: rounds * variants.length }, (_, index) => {
    const round = Math.floor(index / variants.length)
    const fromUs = roundsFromUs + index * lengthUs
    return {
      variant: variants[(round + index) % variants.length].name, round: round + 1, fromUs, settledUs: fromUs + settleUs, toUs: fromUs + lengthUs,
    }
  })]
}

/** What each block publishes: what its variant says and is not in force yet, and the removal of what only the one before said. */
export function publicationsOf({ variants }: VariantBlocks, blocks: readonly PlannedBlock[]): Publication[] {
  const configs = new Map(variants.map(({ name, config }) => [name, new Map(config.map((document) => [documentKey(document), document]))]))
  let inForce: ReadonlyMap<string, ConfigDocument> = new Map()
  return blocks.flatMap(({ variant, fromUs }) => {
    const next = configs.get(variant)!
    const put = [...next].filter(([key, document]) => !isDeepStrictEqual(inForce.get(key), document)).map(([, document]) => document)
    const remove = [...inForce].filter(([key]) => !next.has(key)).map(([, document]) => refOf(document))
    inForce = next
    return put.length + remove.length === 0 ? [] : [{ atUs: fromUs, put, remove }]
  })
}

function refOf({ kind, metadata }: ConfigDocument): DocumentRef {
  return { kind, namespace: metadata.namespace ?? 'default', name: metadata.name }
}
