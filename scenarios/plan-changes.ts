// Changes of configuration as timed steps: the document is written once with `{i}` and `{n}` in its strings,
// so that a scenario of thousands of changes stays a few lines long.

import type { DocumentRef } from '../gateway/controlplane/protocol.ts'
import type { ConfigDocument, Step } from '../topologies/substrate.ts'
import type { ChangeBlock } from './scenario.ts'

/** Revision 1 is what the topology starts with. */
const firstRevision = 2

/** What is published at one time of the run. */
export interface Publication { atUs: number; put: ConfigDocument[]; remove: DocumentRef[] }

/** One publication a change. `{i}`: which name, `{n}`: which change. */
export function planChanges(changes: readonly ChangeBlock[], faultFromUs: number): Publication[] {
  return changes.flatMap((block) => Array.from({ length: block.count }, (_, number) => ({
    atUs: faultFromUs + block.atUs + Math.round((number * 1_000_000) / block.ratePerSecond),
    put: [fillChange(block.document, number % block.distinct, number) as ConfigDocument],
    remove: [],
  })))
}

/** As steps, numbered in the order of time, whoever asked for them. */
export function numbered(publications: readonly Publication[]): { atUs: number; step: Step }[] {
  return publications
    .toSorted((a, b) => a.atUs - b.atUs)
    .map(({ atUs, put, remove }, index) => ({ atUs, step: { kind: 'publish', change: { revision: firstRevision + index, put, remove } } }))
}

/** The document with its numbers filled in. */
export function fillChange(value: unknown, i: number, n: number): unknown {
  if (typeof value === 'string') return value.replaceAll('{i}', String(i)).replaceAll('{n}', String(n))
  if (Array.isArray(value)) return value.map((item) => fillChange(item, i, n))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillChange(item, i, n)]))
}
