// The verdict document: what CI reads in a millisecond and every report is made from.

export const verdictVersion = 'regatta.dev/v1alpha1'

export const verdictValues = ['pass', 'fail', 'inconclusive'] as const
export type VerdictValue = (typeof verdictValues)[number]

/** unsupported: asked for, and the substrate cannot measure it. Such a check decides nothing; its evidence says why. */
export const checkVerdicts = [...verdictValues, 'unsupported'] as const
export type CheckVerdict = (typeof checkVerdicts)[number]

/** Exit codes are API. */
export const ExitCode = { pass: 0, fail: 1, inconclusive: 2, badInput: 3, toolFailed: 4, interrupted: 130 } as const

export interface Check {
  /** Unique in the document, stable over runs: the metric expression and condition, or the rule's name. */
  name: string
  /** 'objective' from the scenario's thresholds; 'validity' decides whether the run may be believed at all. */
  group: 'objective' | 'steady-state' | 'validity'
  verdict: CheckVerdict
  /** What had to hold, in words a person reads: `max < 5 s`. */
  objective: string
  /** The measured value in `unit`; null when it could not be measured. */
  observed: number | null
  unit: string
  /** What the value rests on: sample counts, uncertainty, the rows that broke it. */
  evidence: string[]
}

export interface Verdict {
  apiVersion: typeof verdictVersion
  kind: 'Verdict'
  run: string
  scenario: string
  topology: string
  substrate: string
  gateway: string
  mesh: string
  seed: number
  verdict: VerdictValue
  exitCode: number
  /** One sentence. */
  summary: string
  checks: Check[]
  failover: FailoverMeasurement | null
  paths: PathLatency[]
  counts: Counts
  /** Absent = nothing was traced. */
  tracing?: TracingFigures
  /** What was asked for and could not be had, and what stood in for it. */
  limits: string[]
}

/** failover_time and its stages, milliseconds from the fault's zero. Null = that stage was not observed. */
export interface FailoverMeasurement {
  groups: string[]
  /** Upper bound of the measured value; below resolution when `belowResolution`. */
  valueMs: number
  resolutionMs: number
  zeroUncertaintyMs: number
  belowResolution: boolean
  notRecovered: boolean
  stages: { detectMs: number | null; decideMs: number | null; drainMs: number | null; recoverMs: number | null }
  failed: number
  slow: number
  lastBadMs: number | null
  eligibleFailed: number
}

/** Normal latency of a path: the median of its pinned probes in the steady phase. */
export interface PathLatency { group: string; region: string; samples: number; normalMs: number; p99Ms: number }

export interface Counts {
  requests: number
  eligible: number
  eligibleFailed: number
  failed: number
  residencyDenied: number
  /** Refused by access policies: no failures. Absent = none. */
  accessDenied?: number
  attempts: number
  retries: number
  hedges: number
  falseEjections: number
}

/** A figure with its 95 % interval. */
export interface Interval { value: number; low: number; high: number }

/** What tracing cost and what it kept. Where the configuration alternates, by variant and over what counts of its blocks. */
export interface TracingFigures {
  variants: VariantTracing[]
  /** One that failed over and whose trace was kept, for a waterfall; null = none was. */
  example: TraceExample | null
  /** Rates as gateways told of them, in the order of time; at most `ratesShown`. */
  rates: { atUs: number; gateway: string; route: string; protocol: string; probability: number; cause: string; anomaly: string }[]
  /** Changes of rates that are left out of `rates`. */
  ratesLeftOut: number
}

export const ratesShown = 1000

export interface VariantTracing {
  /** '' where the configuration does not alternate. */
  variant: string
  /** Of load and prober. */
  requests: number
  /** Rounds in which its processor time could be told; 0 without blocks. */
  rounds: number
  /** Gateways' processor time, mean of its blocks, microseconds a request; null = it could not be told. */
  cpuUsPerRequest: number | null
  /** Share of what tracing everything costs. Few rounds leave a wide interval. */
  overhead: Interval | null
  bytesPerRequest: number | null
  bytes: Interval | null
  traces: number
  spans: number
  /** Traces by why they were kept. */
  kept: Record<string, number>
  brokenTraces: number
  lostToFault: number
}

export interface TraceExample {
  requestId: string
  traceId: string
  /** In the order of their starts; `startUs` from the start of the first. */
  spans: {
    spanId: string; parentSpanId: string; process: string; kind: string; name: string; startUs: number; durationUs: number
    status: number; outcome: string; target: string; attempt: number; kept: string
  }[]
}
