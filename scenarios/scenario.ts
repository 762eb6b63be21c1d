// The resolved scenario: what happens, and what must hold. `schema.ts` holds the shape of the file.

import type { ConfigDocument } from '../topologies/substrate.ts'
import type { MeshUse } from '../topologies/meshes/use.ts'
import type { Phase } from '../topologies/history.ts'

export interface Scenario {
  name: string
  description: string
  /** Exit code that a must-fail scenario has to end with; null for ordinary ones. */
  mustExit: number | null
  /** Catalogue name or path of the topology. */
  topology: string
  /** Way in for every group; null = as the topology says. */
  entry: 'edge' | 'direct' | 'list' | null
  /** Instead of the topology's own. */
  mesh?: MeshUse
  /** Documents put over the topology's gateway configuration. */
  config: ConfigDocument[]
  loads: LoadBlock[]
  prober: ProberBlock
  timeline: Timeline
  steadyState: Thresholds
  method: FaultBlock[]
  /** Changes of configuration published while the run is on. */
  changes?: ChangeBlock[]
  /** Who is traced, and where spans go; absent = nothing is. */
  tracing?: import('../topologies/substrate.ts').TracingOptions
  /** The fault phase is divided among variants of the configuration, so that they can be compared within one run. */
  blocks?: VariantBlocks
  thresholds: Thresholds
  options: { collectGarbageEveryMs: number; /** every tool must be the real one */ requireTools: string[]; /** tool → absolute path, taken before any other */ toolPaths?: Record<string, string> }
  /** Test-only: what the simulated substrate does otherwise. */
  simulation?: { plant: import('../topologies/substrate.ts').PlantedDefect[] }
  /** Absolute path of the file, for messages and for reproduction. */
  file: string
}

/** Durations in microseconds. `recovered` starts after healing and the ramp. */
export interface Timeline { warmupUs: number; steadyUs: number; faultUs: number; healingUs: number; recoveredUs: number }

export interface LoadBlock {
  name: string
  kind: string
  /** All groups together. */
  ratePerSecond: number
  arrivals: 'constant' | 'poisson'
  groups: string[] | null
  timeoutMs: number
  /** Requests that its generator has out at most; what is due beyond that is dropped. */
  maxInFlight?: number
  /** The rate swings around `ratePerSecond`; absent = it is even. */
  season?: import('../topologies/season.ts').Season
  /** Hand-written k6 suite (`suites/NAME.ts`); null = rendered from `mix`. */
  suite: string | null
  mix: { name: string; weight: number; method: string; host: string; path: string; headers: Record<string, string>; bodyBytes: number }[]
}

export interface ProberBlock {
  /** Groups probed at `intervalMs`; the others are probed ten times more coarsely. null = the groups whose nearest region a fault touches. */
  groups: string[] | null
  intervalMs: number
  template: string
  timeoutMs: number
  /** Between two witnesses of a path that a fault must show on; 200 when absent. Witnesses feed passive detection as any request does. */
  witnessIntervalMs?: number
  /** Regions that may and can serve the template, when not all of the topology. */
  regions?: string[]
}

export interface FaultBlock {
  name: string
  /** Registry key of the fault. */
  kind: string
  /** Offset from the start of the fault phase. */
  atUs: number
  forUs: number
  /** Parameters of that fault kind, validated by it. */
  parameters: Record<string, unknown>
}

/**
 * Round after round, each variant's documents are published for `lengthUs`; of that, the first `settleUs` count for nothing.
 * Rounds begin with another variant each, so that none always follows the same one.
 */
export interface VariantBlocks {
  rounds: number
  lengthUs: number
  settleUs: number
  /** What one variant puts, another removes unless it puts the same document. */
  variants: { name: string; config: ConfigDocument[] }[]
  /** A block before the rounds, in none of them: long enough for faults to bite and fade. */
  lead?: { variant: string; lengthUs: number }
}

/** A window of the plan in which one variant is in force; it counts from `settledUs`. */
export interface PlannedBlock { variant: string; /** from 1; 0 = before the rounds */ round: number; fromUs: number; settledUs: number; toUs: number }

/** Documents published one after another; in their strings `{i}` is the number of the name, `{n}` of the change. */
export interface ChangeBlock {
  name: string
  kind: 'routes'
  /** Offset from the start of the fault phase. */
  atUs: number
  count: number
  ratePerSecond: number
  /** Names taken in turn: change i writes document i modulo this. */
  distinct: number
  document: ConfigDocument
}

/** metric expression → conditions, k6 grammar: `{'failover_time': ['max<5s'], 'http_req_duration{region:eu-west,phase:recovered}': ['p(95)<rtt+100']}`. */
export type Thresholds = Record<string, string[]>

/** A plan is a pure function of scenario, topology and seed. */
export interface Plan {
  version: 1
  scenario: Scenario
  topology: import('../topologies/topology.ts').Topology
  seed: number
  phases: { phase: Phase; fromUs: number; toUs: number }[]
  steps: { atUs: number; step: import('../topologies/substrate.ts').Step }[]
  loads: import('../topologies/substrate.ts').LoadSpec[]
  /** Every primitive of every fault, with the window in which it is asked for and what a witness must see. */
  faults: PlannedFault[]
  /** In the order of time; absent = the configuration does not alternate. */
  blocks?: PlannedBlock[]
  /** Group whose prober rows give failover_time. */
  affectedGroups: string[]
  /** Highest rate of all streams together, requests a second. */
  offeredRate?: number
  /** What the plan had to leave out, for run.json; what it asks of a machine is told by `limitsInRealTime`. */
  limits?: string[]
  endUs: number
}

export interface PlannedFault {
  name: string
  kind: string
  index: number
  primitive: import('../topologies/primitives.ts').Primitive
  symptom: import('../topologies/primitives.ts').Symptom
  /** Paths (group → region) on which the witness must see the symptom. */
  paths: { group: string; region: string }[]
  fromUs: number
  toUs: number
}
