// `run.json`: everything resolved, so that a run can be judged, reported and repeated from its folder alone.

import type { ErrorDetails } from '../gateway/errors.ts'
import type { Capabilities } from '../topologies/primitives.ts'
import type { ConfigDocument, Inventory } from '../topologies/substrate.ts'
import type { Plan } from './scenario.ts'

/** Its name in the run's folder. */
export const runFile = 'run.json'

export interface RunRecord {
  apiVersion: 'regatta.dev/v1alpha1'
  kind: 'Run'
  id: string
  /** ISO 8601, wall clock, for people only. */
  startedAt: string
  finishedAt: string | null
  ended: 'complete' | 'interrupted' | 'failed'
  /** Coded error when `ended` is failed. */
  error: RunError | null
  command: string
  regatta: string
  node: string
  machine: { os: string; arch: string; cpuModel: string; cpus: number; memoryBytes: number }
  substrate: string
  /** Whose clock the run went by; runs without it went by the machine's. */
  time?: 'real' | 'virtual'
  /** Metrics that the substrate cannot measure, and why. */
  unmeasured?: Readonly<Record<string, string>>
  gateway: string
  mesh: string
  capabilities: Capabilities
  inventory: Inventory
  plan: Plan
  /** Gateway configuration as it was started with: the topology's documents under the scenario's. */
  config?: ConfigDocument[]
  /** What was asked for and not available, and what stood in. */
  limits: string[]
}

/** As `CodedError` has it; older records hold code and message only. */
export interface RunError extends Omit<ErrorDetails, 'cause'> { code: string; message: string }

/** Expected, found and hint, each with its name, for pages and evidence. */
export function detailsOf({ expected, found, hint }: RunError): string[] {
  return Object.entries({ expected, found, hint }).filter(([, text]) => text !== undefined).map(([name, text]) => `${name}: ${text}`)
}
