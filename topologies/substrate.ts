// The port between what happens (scenarios) and where it runs. A substrate knows nothing of scenarios: it
// starts a topology, plays timed steps, sends what it is told to send, and writes the history.

import type { ConfigChange, ConfigDocument } from '../gateway/controlplane/protocol.ts'
import type { Capabilities, Primitive } from './primitives.ts'
import type { HistorySink, RequestSource } from './history.ts'
import type { Topology } from './topology.ts'

export interface Substrate {
  readonly kind: string
  readonly description: string
  /** 'virtual': the run's clock is the substrate's own, so nothing of the machine enters and equal seeds give equal histories. */
  readonly time: 'real' | 'virtual'
  /** Metrics that cannot be measured here, and why: thresholds on them are told as unsupported. */
  readonly unmeasured: Readonly<Record<string, string>>
  /** Why nothing can be traced here: a scenario that asks for it is played without. Absent = it can. */
  readonly untraced?: string
  /** How long the phases before a fault last here at least, microseconds; a plan's own may be longer. */
  readonly leastUs?: Readonly<{ warmup: number; steady: number }>
  capabilities(): Capabilities
  start(request: StartRequest): Promise<Deployment>
}

export interface StartRequest {
  topology: Topology
  /** Gateway configuration documents, parsed and validated, with their places in files kept. */
  config: ConfigDocument[]
  seed: number
  /** Folder of the run; the substrate keeps its scratch below `work/` there and removes it. */
  runDir: string
  history: HistorySink
  tools: ToolPolicy
  signal: AbortSignal
  /** One line of progress with the stage it belongs to. */
  progress(stage: string, text: string): void
  options: SubstrateOptions
}

export interface ToolPolicy {
  /** false: a missing tool is an error (exit 4) instead of a stand-in. */
  allowEmbedded: boolean
  /** false: look in explicit paths, PATH and the cache only. */
  allowInstall: boolean
  /** Tool name → path, taken before any other. */
  explicit?: Record<string, string>
  /** Tools that the scenario wants the real one of: no embedded part may stand in, whatever `allowEmbedded` says. */
  required?: string[]
}

export interface SubstrateOptions {
  gateway: string
  /** Force a garbage collection in every gateway this often; 0 = never. */
  collectGarbageEveryMs: number
  /** Absent = nothing is traced. */
  tracing?: TracingOptions
  /** Load engines that will be driven, so that their tools are found before the topology starts. */
  engines?: LoadSpec['engine'][]
  /** How long each step of a mesh on `local` may take until it is ready, milliseconds; default: a minute. */
  meshTimeoutMs?: number
  /** For `kind`; other substrates take no notice. */
  clusters?: ClusterOptions
  /** For `simulated`; other substrates take no notice. */
  simulation?: SimulationOptions
}

/** How a run is traced: who tells of its part, and who collects. */
export interface TracingOptions {
  /** Who takes the spans. `embedded` counts them and writes them into the history; the others pass them on to it. */
  collector: 'embedded' | 'opentelemetry-collector' | 'jaeger'
  protocol: 'http/protobuf' | 'grpc'
  /** Clients begin the trace (`clientTrace` of arrivals.ts); otherwise the gateway where they enter does. */
  clients: boolean
  /** Services tell of their part, through OpenTelemetry's own SDK. */
  services: boolean
}

/** Where clusters come from. Everything has a default, so an ordinary machine with Docker needs none of it. */
export interface ClusterOptions {
  /** Image of kind's nodes; kind's own default when absent. */
  nodeImage?: string
  /** Base of the gateway's image, which must bring Node 24 or newer as `node`; default: the official slim image. */
  baseImage?: string
  /** Images that are in the clusters already, or can be pulled by them; built and loaded when absent. Both or none. */
  gatewayImage?: string
  testbedImage?: string
  /** Where a Go module proxy answers, for machines without a Go toolchain: CRDs of others come from Go modules. */
  moduleProxy?: string
  /** As DOCKER_HOST; Docker's own default when absent. */
  dockerHost?: string
  /** Existing clusters, region → kubeconfig context, instead of new ones. Every region of the topology is named. */
  contexts?: Record<string, string>
  /** Kubeconfig file of `contexts`; default: KUBECONFIG, then ~/.kube/config. */
  kubeconfig?: string
  /** How long a cluster may take until it is ready, and then its workloads, milliseconds; default: three minutes. */
  readyTimeoutMs?: number
  /** Docker network from which the nodes of `contexts` are reached, and which edges and links join; default: `kind`. */
  network?: string
  /** Play the offered load inside this context by k6-operator instead of from this machine. */
  loadContext?: string
  /** Runner pods of that load. */
  parallelism?: number
  /** Images of its runners and of k6-operator's starter; the operator's own defaults when absent. */
  k6Image?: string
  k6StarterImage?: string
  /** Where a mesh on clusters comes from; its own defaults when absent. */
  mesh?: MeshInstall
}

/** For closed networks: what a mesh is installed from, instead of its official charts and images. */
export interface MeshInstall {
  /** Where images are: `HUB/NAME:TAG`. Those that this machine's Docker has are loaded into the clusters. */
  hub?: string
  tag?: string
  /** Absolute path of a folder of charts, laid out as in the mesh's own sources. */
  charts?: string
  /** Put over the values of the control plane's chart. */
  values?: Record<string, unknown>
}

export interface SimulationOptions {
  /** Constants of the world; the defaults when absent. */
  model?: import('./substrates/simulated/model.ts').SimulationModel
  /** Deliberate defects of the gateways' configuration, to prove that invariants find them. */
  plant?: PlantedDefect[]
  /** false: the history gets events and no rows, for those who play thousands of runs. */
  record?: boolean
}

/**
 * Settings that make a gateway break a promise. They exist to test the testbed: a search must find each.
 * residency-as-preference: allowed regions are preferred instead of the only ones (ordering is not residency).
 * retries-unbounded: the retry budget is no limit. never-recovers: what was ejected once stays ejected.
 */
export const plantedDefects = ['residency-as-preference', 'retries-unbounded', 'never-recovers'] as const
export type PlantedDefect = (typeof plantedDefects)[number]

export type { ConfigChange, ConfigDocument }

/**
 * A running topology. Steps, loads and probes are declared first; `run` then plays them: in real time on
 * sockets, in virtual time in simulation. Zero of the run is the moment when `run` is called.
 */
export interface Deployment extends AsyncDisposable {
  readonly kind: string
  readonly capabilities: Capabilities
  /** What runs here and where it came from, for run.json. */
  readonly inventory: Inventory
  /** Play a step at a time of the run. A step that cannot be played rejects `run`. */
  at(atUs: number, step: Step): void
  /** Send load through the ways in. */
  drive(load: LoadSpec): void
  /** Once: a history has one zero. Throws the reason of the signal, or RGT_UNSUPPORTED the second time. */
  run(untilUs: number, signal: AbortSignal): Promise<void>
  /** Undo every primitive still in force. Idempotent; also called by dispose. */
  heal(): Promise<void>
}

export type Step =
  | { kind: 'apply'; fault: string; index: number; primitive: Primitive }
  | { kind: 'heal'; fault: string; index: number; primitive: Primitive }
  | { kind: 'publish'; change: ConfigChange }
  | { kind: 'mark'; event: { kind: 'phase'; phase: import('./history.ts').Phase } }

export interface Inventory {
  /** tool → version, path kind (`path`, `cache`, `embedded`, `npm`), and why a stand-in serves when it does. */
  tools: Record<string, { version: string; origin: string; reason?: string }>
  /** How long each stage took, milliseconds: of the start, the drill, and tearing down. Regions overlap. */
  stagesMs: Record<string, number>
  /** Ways in, for `up` and for people: group → addresses in order. */
  entries: Record<string, string[]>
  /** Admin addresses by process, for `up`. */
  admin: Record<string, string>
  /** Of gateways on this machine: region → where clients would meet its gateway if no link lay between. */
  ingress?: Record<string, string>
  clock: { id: string; offsetUs: number; uncertaintyUs: number }
  /** Of clusters: how `kubectl` speaks to a region, and where its own gateway is mapped, for `up`. */
  clusters?: Record<string, { context: string; kubeconfig: string; ingress?: string }>
  /** Of a virtual run that was played: how much happened, and the hash by which two runs are told to be the same. */
  trace?: { hash: string; events: number; requests: number; virtualUs: number; wallMs: number }
}

/** Open-loop load from one generator process. */
export interface LoadSpec {
  name: string
  source: RequestSource
  engine: 'open-loop' | 'k6'
  /** For k6: path of the rendered or hand-written suite, and environment it reads. */
  suite?: string
  streams: StreamSpec[]
  fromUs: number
  toUs: number
  /** Requests out at most; what is due beyond that is dropped (`lost`). Default: what the substrate's generator can hold. */
  maxInFlight?: number
}

/** One client group's arrivals. Arrival i of a stream is a pure function of this and i (see `arrivals.ts`). */
export interface StreamSpec {
  group: string
  /** null = the group's own entry. */
  entry: import('./topology.ts').Entry | null
  ratePerSecond: number
  arrivals: 'constant' | 'poisson'
  seed: number
  /** Offset of the first arrival, so that streams do not beat together. */
  phaseUs: number
  /** Client's patience with the whole request, milliseconds. */
  timeoutMs: number
  templates: RequestTemplate[]
  /** Region that a pinned request asks for; null otherwise. */
  pinned: string | null
  /** Its requests begin their traces; absent = no. */
  traced?: boolean
  /** The rate swings by `swing` (0 to 1) of itself around `ratePerSecond`, a sine of this period; absent = it is even. */
  season?: import('./season.ts').Season
}

export interface RequestTemplate {
  name: string
  /** Relative share of the stream. */
  weight: number
  method: string
  host: string
  path: string
  headers: Record<string, string>
  bodyBytes: number
}
