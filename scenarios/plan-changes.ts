// Changes of configuration as timed steps: the document is written once with `{i}` and `{n}` in its strings,
// so that a scenario of thousands of changes stays a few lines long.

import type { ConfigDocument, Step } from '../topologies/substrate.ts'
import type { ChangeBlock } from './scenario.ts'

/** Revision 1 is what the topology starts with. */
const firstRevision = 2

/** One publication a step, numbered in the order of time over all blocks. `{i}`: which name, `{n}`: which change. */
export function planChanges(changes: readonly ChangeBlock[], faultFromUs: number): { atUs: number; step: Step }[] {
  return changes
    .flatMap((block) => Array.from({ length: block.count }, (_, number) => ({
      atUs: faultFromUs + block.atUs + Math.round((number * 1_000_000) / block.ratePerSecond),
      document: fillChange(block.document, number % block.distinct, number) as ConfigDocument,
    })))
    .sort((a, b) => a.atUs - b.atUs)
    .map(({ atUs, document }, index) => ({
      atUs, step: { kind: 'publish', change: { revision: firstRevision + index, put: [document], remove: [] } },
    }))
}

/** The document with its numbers filled in. */
export function fillChange(value: unknown, i: number, n: number): unknown {
  if (typeof value === 'string') return value.replaceAll('{i}', String(i)).replaceAll('{n}', String(n))
  if (Array.isArray(value)) return value.map((item) => fillChange(item, i, n))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillChange(item, i, n)]))
}
