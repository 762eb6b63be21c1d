// What a search found, as plain data: the same document from one machine, or from shards put together.

import type { FaultBlock } from '../scenario.ts'

export const searchVersion = 'regatta.dev/v1alpha1'
/** Its name in the folder of a search. */
export const searchFile = 'search.json'

/** Part `index` (from 0) of `of` disjoint ones: seeds `first + index`, `first + index + of`, … */
export interface Shard { index: number; of: number }

export interface SearchResult {
  apiVersion: typeof searchVersion
  kind: 'Search'
  /** Two results may be put together when these are the same. */
  asked: SearchAsked
  /** Parts of the seeds that are in this result. */
  shards: Shard[]
  /** 'found': ended at the first violation, because it was asked to. */
  ended: 'complete' | 'found' | 'time' | 'interrupted'
  /** Runs that were played, in the order of the seeds, and what they held. */
  runs: number
  requests: number
  events: number
  virtualUs: number
  /** Sum over the trace hashes of all runs modulo 2^64, 16 hexadecimal digits: equal searches, equal sum. */
  traces: string
  /** Sorted by name. */
  violations: ViolationCount[]
  /** The smallest failing schedule for each invariant, from the lowest seed that broke it; in the order of `violations`. */
  findings: Finding[]
  /** Invariants that were watched, with what each means; and those that were not, with the reason. */
  watched: Record<string, string>
  unwatched: Record<string, string>
  limits: string[]
  /** Of the machine, and so different every time. */
  took: { wallMs: number; workers: number }
}

export interface SearchAsked {
  scenario: string
  form: 'short' | 'full'
  topology: string
  gateway: string
  plant: string[]
  /** The first seed. */
  seed: number
  /** null = until something else ends it. */
  runs: number | null
  keepGoing: boolean
}

export interface ViolationCount {
  invariant: string
  /** Runs in which it was broken. */
  runs: number
  /** The lowest of their seeds, ascending. */
  seeds: number[]
}

export interface Finding {
  invariant: string
  seed: number
  /** What was said in the shrunk run, and when. */
  text: string
  atUs: number
  /** Faults before and after shrinking. */
  drawn: number
  faults: number
  method: FaultBlock[]
  loadShare: number
  replays: number
  /** Nothing simpler that was tried fails. */
  minimal: boolean
  /** Trace hash of the shrunk run: a replay of the file has the same. */
  traceHash: string
  /** Name of the scenario file in the folder of the search, and its content. */
  file: string
  content: string
}

export const seedsShown = 10

/** Adds two sums or hashes of 16 hexadecimal digits, modulo 2^64. */
export function addTraces(a: string, b: string): string {
  return BigInt.asUintN(64, BigInt(`0x${a || '0'}`) + BigInt(`0x${b || '0'}`)).toString(16).padStart(16, '0')
}
