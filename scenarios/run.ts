// The one interpreter of plans. It starts a substrate, declares what the plan says, lets it run, and whatever
// happens heals, tears down and writes what it has: a run's folder is complete or says why it is not.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { topologyError } from '../topologies/errors.ts'
import { expandBlock } from '../topologies/history/expand.ts'
import { openHistory, type HistoryWriter } from '../topologies/history/open.ts'
import type { HistoryEvent, HistorySink, RequestRow } from '../topologies/history.ts'
import { gatewayConfig } from '../topologies/gateway-config.ts'
import type { ConfigDocument, Deployment, LoadSpec, Substrate, SubstrateOptions, ToolPolicy } from '../topologies/substrate.ts'
import { standBack } from '../topologies/meshes/stand-back.ts'
import { meshWord } from '../topologies/meshes/use.ts'
import type { Topology } from '../topologies/topology.ts'
import { declare, plantedLimits, simulationOf, unplayedSuites } from './declare.ts'
import { scenarioError } from './errors.ts'
import { withSuite } from './loads/index.ts'
import { overlay } from './overlay.ts'
import { limitsInRealTime, plan } from './plan.ts'
import { machineOf, versionsOf, wallClock } from './run-machine.ts'
import { runFile, type RunError, type RunRecord } from './run-record.ts'
import type { Scenario } from './scenario.ts'
import { unmeasuredWithoutTraces, whyUntraced } from './tracing.ts'
import { unhurried } from './adapted.ts'

export interface RunRequest {
  scenario: Scenario
  topology: Topology
  seed: number
  substrate: Substrate
  /** Folder of this run, made when missing; its name is the run's id. */
  runDir: string
  tools: ToolPolicy
  options: Pick<SubstrateOptions, 'gateway' | 'simulation' | 'clusters'>
  signal: AbortSignal
  /** How to do it again, for run.json. */
  command: string
  onEvent?(event: HistoryEvent): void
  /** Every client request. The row may be reused: copy what is kept. */
  onRequest?(row: RequestRow): void
  onProgress?(stage: string, text: string): void
}

/**
 * Runs a scenario and gives back what `run.json` holds. Bad input throws before anything is written; from then on
 * every failure is in the record (`ended`, `error`), and what was asked for but not to be had in its `limits`.
 */
export async function run(request: RunRequest): Promise<RunRecord> {
  const { scenario, topology, seed, runDir } = request
  const planned = plan(unhurried(scenario, request.substrate, topology), topology, seed)
  const config = standBack(overlay(await gatewayConfig(planned.topology), scenario.config), planned.topology)
  mkdirSync(runDir, { recursive: true })
  const record = firstRecord(request, planned, config)
  write(runDir, record)
  const history = openHistory(runDir)
  const { sink, note } = tee(history, request)
  try {
    await play(request, record, config, sink)
    record.ended = record.error === null ? 'complete' : 'failed'
  } catch (error) {
    record.ended = 'failed'
    record.error = coded(error)
  }
  if (request.signal.aborted) {
    record.ended = 'interrupted'
    note(reasonOf(request.signal))
  }
  try {
    await history.finalise()
  } catch (error) {
    if (record.ended === 'complete') Object.assign(record, { ended: 'failed', error: coded(error) })
  }
  record.finishedAt = wallClock()
  write(runDir, record)
  return record
}

async function play(request: RunRequest, record: RunRecord, config: ConfigDocument[], history: HistorySink): Promise<void> {
  const { substrate, signal, runDir, seed } = request
  const { plan: planned } = record
  const asked = planned.scenario.options
  const tools: ToolPolicy = {
    ...request.tools,
    explicit: { ...asked.toolPaths, ...request.tools.explicit },
    required: [...new Set([...(request.tools.required ?? []), ...asked.requireTools])],
  }
  const options: SubstrateOptions = {
    ...request.options,
    simulation: simulationOf(planned.scenario, request.options.simulation),
    collectGarbageEveryMs: asked.collectGarbageEveryMs,
    ...tracingFor(request),
    engines: [...new Set(planned.loads.map(({ engine }) => engine))],
  }
  signal.throwIfAborted()
  await using deployment = await substrate.start({
    topology: planned.topology, config, seed, runDir, history, tools, signal, options,
    progress: (stage, text) => request.onProgress?.(stage, text),
  })
  record.inventory = deployment.inventory
  record.capabilities = deployment.capabilities
  record.limits.push(...standIns(deployment))
  requireTools(asked.requireTools, deployment)
  const suites = join(runDir, 'suites')
  // Nothing plays a suite in virtual time: its arrivals are the load's own.
  const loadOf = substrate.time === 'virtual' ? undefined : (load: LoadSpec): LoadSpec => withSuite(load, suites)
  record.limits.push(...declare(deployment, planned, loadOf))
  write(runDir, record)
  try {
    await deployment.run(planned.endUs, signal)
  } finally {
    await heal(deployment, record, request)
  }
}

function tracingFor({ scenario: { tracing }, substrate, options }: RunRequest): Pick<SubstrateOptions, 'tracing'> {
  return tracing === undefined || whyUntraced(tracing, substrate, options.gateway) !== null ? {} : { tracing }
}

/** A run that already failed keeps its own error; one that went well fails when its faults stay behind. */
async function heal(deployment: Deployment, record: RunRecord, { onProgress }: RunRequest): Promise<void> {
  try {
    await deployment.heal()
  } catch (cause) {
    record.error = coded(scenarioError('RGT_RUN_HEAL', 'a fault could not be healed', { found: String(cause), cause }))
    record.limits.push(`a fault could not be healed: ${String(cause)}`)
    onProgress?.('heal', String(cause))
  }
}

function standIns({ inventory }: Deployment): string[] {
  return Object.entries(inventory.tools)
    .filter(([, { origin }]) => origin === 'embedded')
    .map(([tool, { reason }]) => `${tool}: the embedded part stands in${reason === undefined ? '' : ` (${reason})`}`)
}

function requireTools(names: readonly string[], { inventory }: Deployment): void {
  const missing = names.filter((name) => (inventory.tools[name]?.origin ?? 'embedded') === 'embedded')
  if (missing.length === 0) return
  throw topologyError('RGT_TOOL_MISSING', `the scenario requires the real ${missing.join(', ')}`, {
    expected: 'each of options.requireTools from a path, the cache or a release',
    found: missing.map((name) => `${name}: ${inventory.tools[name]?.reason ?? 'not part of this run'}`).join('; '),
    hint: '`regatta tools` shows what can be had and how',
  })
}

function firstRecord(request: RunRequest, planned: RunRecord['plan'], config: ConfigDocument[]): RunRecord {
  const { substrate, options, command, runDir } = request
  const untraced = whyUntraced(request.scenario.tracing, substrate, options.gateway)
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Run', id: basename(runDir),
    startedAt: wallClock(), finishedAt: null,
    // What a reader finds when the runner itself is killed.
    ended: 'interrupted', error: null,
    command, ...versionsOf(), machine: machineOf(),
    substrate: substrate.kind, time: substrate.time, unmeasured: { ...substrate.unmeasured, ...unmeasuredWithoutTraces(untraced) }, gateway: options.gateway, mesh: meshWord(planned.topology),
    capabilities: substrate.capabilities(),
    inventory: { tools: {}, stagesMs: {}, entries: {}, admin: {}, clock: { id: '', offsetUs: 0, uncertaintyUs: 0 } },
    plan: planned, config,
    limits: [
      ...(planned.limits ?? []),
      ...(substrate.time === 'virtual' ? [] : limitsInRealTime(planned)),
      ...(untraced === null ? [] : [`nothing is traced: ${untraced}`]),
      ...unwatched(request, config, untraced),
      ...unplayedSuites(planned.scenario, substrate),
      ...plantedLimits(simulationOf(planned.scenario, options.simulation), substrate),
    ],
  }
}

/** AlertPolicies that nobody evaluates, and why. */
function unwatched({ scenario, substrate }: RunRequest, config: readonly ConfigDocument[], untraced: string | null): string[] {
  if (!config.some(({ kind }) => kind === 'AlertPolicy')) return []
  const why = substrate.time === 'virtual' ? 'no control plane runs in virtual time'
    : scenario.tracing === undefined ? 'control planes hear of gateways by their telemetry, which `tracing` turns on' : untraced
  return why === null ? [] : [`AlertPolicies are not evaluated: ${why}`]
}

/** Whole or not at all: a reader never finds half a file. */
function write(runDir: string, record: RunRecord): void {
  const file = join(runDir, runFile)
  writeFileSync(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`)
  renameSync(`${file}.part`, file)
}

function tee(history: HistoryWriter, request: RunRequest): { sink: HistorySink; note(reason: string): void } {
  let lastUs = 0
  const sink: HistorySink = {
    event(event) {
      lastUs = Math.max(lastUs, event.atUs)
      history.event(event)
      request.onEvent?.(event)
    },
    request(row) {
      history.request(row)
      request.onRequest?.(row)
    },
    attempt: (row) => history.attempt(row),
    span: (row) => history.span?.(row),
    block(block) {
      history.block(block)
      if (request.onRequest !== undefined && block.table === 'requests') expandBlock(block, { request: (row) => request.onRequest?.(row), attempt() {} })
    },
  }
  return { sink, note: (reason) => sink.event({ atUs: lastUs, source: 'run', kind: 'interrupted', reason }) }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason)
}

/** When clearing up failed as well, the first failure is the one to tell. */
function coded(given: unknown): RunError {
  const error = given instanceof SuppressedError ? given.suppressed : given
  const known = error instanceof CodedError ? error : scenarioError('RGT_RUN_STEP', String(error), { cause: error })
  if (known instanceof CodedErrors) return { code: known.code, message: String(known) }
  const { cause: _cause, ...details } = known.details
  return { code: known.code, message: known.message, ...details }
}
