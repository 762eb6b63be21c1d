// One run of a search, in memory: plan, play, and keep what broke. Nothing is written; the seed and the schedule are
// enough to play it again with `regatta run`.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../../gateway/errors.ts'
import type { HistorySink } from '../../topologies/history.ts'
import type { ConfigDocument, Deployment, Substrate } from '../../topologies/substrate.ts'
import type { SimulationModel } from '../../topologies/substrates/simulated/model.ts'
import type { Topology } from '../../topologies/topology.ts'
import { declare, simulationOf } from '../declare.ts'
import { scenarioError } from '../errors.ts'
import { plan } from '../plan.ts'
import type { Plan, Scenario } from '../scenario.ts'
import { applied, type Candidate } from './candidate.ts'
import { generateSchedule } from './schedules.ts'

/** What all trials of a search share; plain data, so that a worker is given it once. */
export interface TrialGround {
  scenario: Scenario
  topology: Topology
  /** Gateway configuration, the scenario's over the topology's. */
  config: ConfigDocument[]
  gateway: string
  model?: SimulationModel
}

export interface TrialJob {
  seed: number
  /** null: the schedule that the seed gives. */
  candidate: Candidate | null
}

export interface Violation { invariant: string; atUs: number; text: string }

export interface TrialResult {
  seed: number
  candidate: Candidate
  violations: Violation[]
  requests: number
  events: number
  virtualUs: number
  traceHash: string
}

/** Broken when a run cannot be played to its end for a reason that no error code explains. */
export const runsToItsEnd = 'run-ends'

/**
 * Throws what `plan` and the substrate throw with a code, with the seed named in the hint; what is thrown without one is
 * a defect that a schedule brought out, and so a violation.
 */
export async function playTrial(ground: TrialGround, { seed, candidate: given }: TrialJob, substrate: Substrate): Promise<TrialResult> {
  const { scenario, topology } = ground
  const capabilities = substrate.capabilities()
  const candidate = given ?? { method: generateSchedule({ scenario, topology, capabilities }, seed), loadShare: 1 }
  const planned = plan(applied(scenario, candidate), topology, seed)
  const violations: Violation[] = []
  const none = { requests: 0, events: 0, virtualUs: 0, traceHash: '' }
  try {
    return { seed, candidate, violations, ...await play(ground, planned, substrate, violations) }
  } catch (error) {
    if (error instanceof CodedError) throw new CodedError(error.code, error.message, { ...error.details, hint: `seed ${seed}${error.details.hint === undefined ? '' : `; ${error.details.hint}`}` })
    violations.push({ invariant: runsToItsEnd, atUs: 0, text: String(error) })
    return { seed, candidate, violations, ...none }
  }
}

async function play(
  { config, gateway, model }: TrialGround, planned: Plan, substrate: Substrate, violations: Violation[],
): Promise<Pick<TrialResult, 'requests' | 'events' | 'virtualUs' | 'traceHash'>> {
  const { signal } = new AbortController()
  const history: HistorySink = {
    event(event) {
      if (event.kind === 'invariant-violated') violations.push({ invariant: event.invariant, atUs: event.atUs, text: event.text })
    },
    request() {},
    attempt() {},
    block() {},
  }
  await using deployment = await substrate.start({
    topology: planned.topology, config, seed: planned.seed, history, signal, progress() {},
    runDir: join(tmpdir(), 'regatta-search'), tools: { allowEmbedded: true, allowInstall: false },
    options: {
      gateway, collectGarbageEveryMs: 0,
      engines: [...new Set(planned.loads.map(({ engine }) => engine))],
      simulation: simulationOf(planned.scenario, { ...(model === undefined ? {} : { model }), record: false }),
    },
  })
  declare(deployment, planned)
  try {
    await deployment.run(planned.endUs, signal)
  } finally {
    await deployment.heal()
  }
  return traceOf(deployment)
}

function traceOf({ inventory, kind }: Deployment): Pick<TrialResult, 'requests' | 'events' | 'virtualUs' | 'traceHash'> {
  const { trace } = inventory
  if (trace === undefined) {
    throw scenarioError('RGT_SEARCH_SUBSTRATE', `${kind} leaves no trace of a run`, { expected: 'a substrate in virtual time: simulated' })
  }
  return { requests: trace.requests, events: trace.events, virtualUs: trace.virtualUs, traceHash: trace.hash }
}
