// Shards of one search as one result. Sums, lowest seeds and the finding of the lowest seed do not depend on the order
// of the parts, so a search that goes on to its end gives the same whole or in pieces.

import { scenarioError } from '../errors.ts'
import { addTraces, seedsShown, type Finding, type SearchResult, type Shard, type ViolationCount } from './result.ts'

const worstFirst: SearchResult['ended'][] = ['interrupted', 'time', 'found', 'complete']

/** Throws RGT_SEARCH_MERGE when there is none, when they are of different searches, or when a shard is there twice. */
export function mergeSearches(parts: readonly SearchResult[]): SearchResult {
  const [first] = parts
  if (first === undefined) throw scenarioError('RGT_SEARCH_MERGE', 'there is no result to put together', { expected: 'at least one search.json' })
  const shards = parts.flatMap((part) => part.shards)
  check(parts, shards)
  const sum = (of: (part: SearchResult) => number): number => parts.reduce((total, part) => total + of(part), 0)
  const violations = merged(parts.flatMap((part) => part.violations))
  const missing = missingOf(shards)
  return {
    ...first,
    shards: normalised(shards),
    ended: worstFirst.find((ended) => parts.some((part) => part.ended === ended)) ?? first.ended,
    runs: sum(({ runs }) => runs), requests: sum(({ requests }) => requests),
    events: sum(({ events }) => events), virtualUs: sum(({ virtualUs }) => virtualUs),
    traces: parts.reduce((total, { traces }) => addTraces(total, traces), ''),
    violations,
    findings: lowest(parts.flatMap((part) => part.findings)),
    limits: [...new Set(parts.flatMap(({ limits }) => limits)), ...(missing === 0 ? [] : [`${missing} of ${first.shards[0].of} shards are missing`])],
    took: { wallMs: Math.max(...parts.map(({ took }) => took.wallMs)), workers: sum(({ took }) => took.workers) },
  }
}

function check(parts: readonly SearchResult[], shards: readonly Shard[]): void {
  const asked = parts.map((part) => JSON.stringify(part.asked))
  const other = asked.find((one) => one !== asked[0])
  if (other !== undefined) {
    throw scenarioError('RGT_SEARCH_MERGE', 'these are results of different searches', { expected: asked[0], found: other })
  }
  const names = shards.map(({ index, of }) => `${index}/${of}`)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw scenarioError('RGT_SEARCH_MERGE', 'a shard is there twice', { found: `shard ${twice}` })
  if (new Set(shards.map(({ of }) => of)).size > 1) {
    throw scenarioError('RGT_SEARCH_MERGE', 'the shards overlap: they are parts of different divisions', { found: names.join(', ') })
  }
}

function missingOf(shards: readonly Shard[]): number {
  return shards[0].of - shards.length
}

/** All of them are the whole. */
function normalised(shards: readonly Shard[]): Shard[] {
  return missingOf(shards) === 0 ? [{ index: 0, of: 1 }] : shards.toSorted((a, b) => a.index - b.index)
}

function merged(counts: readonly ViolationCount[]): ViolationCount[] {
  return [...Map.groupBy(counts, ({ invariant }) => invariant)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([invariant, same]) => ({
      invariant, runs: same.reduce((total, { runs }) => total + runs, 0),
      seeds: same.flatMap(({ seeds }) => seeds).sort((a, b) => a - b).slice(0, seedsShown),
    }))
}

function lowest(findings: readonly Finding[]): Finding[] {
  return [...Map.groupBy(findings, ({ invariant }) => invariant)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, same]) => same.reduce((low, one) => (one.seed < low.seed ? one : low)))
}
