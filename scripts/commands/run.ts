// `regatta run SCENARIO`: the main verb. Bring a topology up, play the scenario, judge it, write the reports.

import { resolve } from 'node:path'
import { InvalidArgumentError, type Command as Commander } from 'commander'
import { findGateway, gatewayNames } from '../../gateway/drivers/index.ts'
import { CodedError } from '../../gateway/errors.ts'
import { loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { plan } from '../../scenarios/plan.ts'
import { run } from '../../scenarios/run.ts'
import type { Scenario } from '../../scenarios/scenario.ts'
import { unhurried, withMeshUse, withRateShare, withRounds } from '../../scenarios/adapted.ts'
import { ExitCode, type Verdict } from '../../scenarios/verdict.ts'
import type { MeshUse } from '../../topologies/meshes/use.ts'
import type { ClusterOptions, SimulationOptions, Substrate } from '../../topologies/substrate.ts'
import { findSubstrate, substrateKinds } from '../../topologies/substrates/index.ts'
import type { Topology } from '../../topologies/topology.ts'
import { openLive, type Live } from '../../reports/live.ts'
import { writeReports } from '../../reports/index.ts'
import { printVerdict, printRepeats } from '../../reports/terminal.ts'
import { interruptible, tell, worst } from '../exit.ts'
import { explicitTools } from '../environment.ts'
import { clusterFlags, clustersFor, withClusterOptions, type TypedClusters } from '../clusters.ts'
import { meshFlags, meshOption } from '../mesh.ts'
import { modelFrom, modelOption, simulationWith } from '../model.ts'
import { rateShareFlags, rateShareOption } from '../rate-share.ts'
import { judgeAndWrite, newRunFolder, pointLatest, runsFolder } from '../runs.ts'
import { ending, type Command } from './command.ts'

export interface RunOptions extends TypedClusters {
  on: string
  gateway: string
  mesh?: MeshUse
  seed: number
  repeat: number
  out: string
  json?: boolean
  fast?: boolean
  rateShare: number
  rounds?: number
  model?: string
  /** commander: `--no-embedded`, `--no-install`, `--no-live` */
  embedded: boolean
  install: boolean
  live: boolean
}

export const runCommand: Command = {
  name: 'run',
  add(program, end) {
    withRunOptions(program.command('run'))
      .description('play a scenario and judge it')
      .argument('<scenario>', 'name in the catalogue (`regatta validate` lists them), or path of a file')
      .addHelpText('after', `
Examples:
  regatta run regional-outage                      the main drill, with k6 where it can be had
  regatta run regional-outage --fast --repeat 20   a distribution of failover times in five minutes
  regatta run ./my-drill.yaml --json | jq .verdict one verdict document a line on standard output
  regatta run regional-hang --gateway envoy        the same drill on another gateway
  regatta run regional-hang --on simulated         in virtual time, in a second; --model takes calibrated constants
  regatta run regional-outage --rate-share 0.5     half the offered load, on a machine that is too small for it
  regatta run service-outage --mesh consul:tuned   a real mesh of plain processes, which fails over by itself
  regatta run regional-outage --on kind            on clusters of its own; --contexts takes those that are there
  regatta run sampling-budget --rounds 12          more rounds of its variants, until intervals are narrow enough
  regatta run steady --no-install                  do not fetch tools; embedded parts stand in and say so

A run leaves its folder in --out: run.json, events.ndjson, requests.arrow, attempts.arrow, verdict.json, the reports.
Exit codes: 0 pass, 1 objective missed, 2 inconclusive, 3 bad input, 4 substrate or tool failed, 130 interrupted.
Over repeats the worst by 130 > 4 > 1 > 2 > 0. Ctrl-C heals, tears down, and writes what there is.`)
      .action(ending(end, runScenario))
  },
}

export function withRunOptions(command: Commander): Commander {
  return withClusterOptions(command)
    .option('--on <substrate>', `where to run: ${substrateKinds.join(', ')}`, 'local')
    .option('--gateway <name>', `gateway under test: ${gatewayNames.join(', ')}`, 'reference')
    .option(...meshOption)
    .option('--seed <n>', 'seed of every random choice', wholeNumber, 1)
    .option('--repeat <n>', 'run this often, with seeds counting up', atLeastOne, 1)
    .option('--out <dir>', 'folder for run folders; `latest` in it points at the newest', runsFolder)
    .option('--fast', 'the short form of the scenario, about 15 s')
    .option(...rateShareOption)
    .option('--rounds <n>', 'play each variant of a scenario with blocks so often', atLeastOne)
    .option(...modelOption)
    .option('--json', 'print verdict documents on standard output, one a line, and nothing else')
    .option('--no-embedded', 'a missing tool is an error instead of a stand-in')
    .option('--no-install', 'use only tools that are here already')
    .option('--no-live', 'plain progress lines even on a terminal')
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`expected a whole number, found \`${text}\``)
  return Number(text)
}

function atLeastOne(text: string): number {
  if (wholeNumber(text) > 0) return Number(text)
  throw new InvalidArgumentError('expected 1 or more')
}

/** All that was typed is looked at before anything is started or written. */
async function runScenario(name: string, options: RunOptions): Promise<number> {
  const { scenario: whole, topology } = await loadScenarioAndTopology(name, { fast: options.fast ?? false })
  const scenario = withRounds(withMeshUse(withRateShare(whole, options.rateShare), options.mesh), options.rounds)
  const substrate = findSubstrate(options.on)
  findGateway(options.gateway)
  plan(scenario, topology, options.seed)
  const simulation = simulationWith(await modelFrom(options.model))
  const clusters = clustersFor(options, [options.on], topology)
  const { signal, done } = interruptible()
  const verdicts: Verdict[] = []
  const codes: number[] = []
  try {
    for (let repeat = 0; repeat < options.repeat && !signal.aborted; repeat++) {
      const { verdict, code } = await runOnce({ name, scenario, topology, substrate, options, simulation, clusters, seed: options.seed + repeat, signal })
      codes.push(code)
      verdicts.push(verdict)
      if (options.json) process.stdout.write(`${JSON.stringify(verdict)}\n`)
    }
  } finally {
    done()
  }
  if (!options.json && verdicts.length > 1) process.stdout.write(printRepeats(verdicts))
  return worst(codes)
}

interface Once {
  /** As it was typed. */
  name: string
  scenario: Scenario
  topology: Topology
  substrate: Substrate
  options: RunOptions
  simulation: SimulationOptions | undefined
  clusters: ClusterOptions
  seed: number
  signal: AbortSignal
}

/** One run to its verdict. A run that failed or was interrupted is judged too: its folder says how far it came. */
async function runOnce({ name, scenario, topology, substrate, options, simulation, clusters, seed, signal }: Once): Promise<{ verdict: Verdict; code: number }> {
  const runDir = newRunFolder(resolve(options.out), scenario.name)
  const plain = options.json === true || !options.live || !process.stderr.isTTY
  const live: Live = openLive({ plan: plan(unhurried(scenario, substrate, topology), topology, seed), plain, stream: process.stderr })
  let record
  try {
    record = await run({
      scenario, topology, substrate, seed, runDir, signal,
      tools: { allowEmbedded: options.embedded, allowInstall: options.install, explicit: explicitTools() },
      options: { gateway: options.gateway, clusters, ...(simulation === undefined ? {} : { simulation }) },
      command: reproduction(name, options, seed),
      onProgress: live.progress, onEvent: live.event,
      // Plain lines tell events only, and millions of rows need not be made into objects for nobody.
      ...(plain ? {} : { onRequest: live.request }),
    })
  } finally {
    live.close()
  }
  pointLatest(resolve(options.out), runDir)
  const verdict = await judgeAndWrite(runDir)
  const reports = await writeReports(runDir)
  if (record.error !== null) {
    const { code, message, ...details } = record.error
    tell(new CodedError(code, message, details), options.json ?? false)
  }
  if (!options.json && record.ended !== 'failed') process.stdout.write(printVerdict(verdict, reports))
  return { verdict, code: record.ended === 'interrupted' ? ExitCode.interrupted : verdict.exitCode }
}

/** How to do it again: what was typed, without what only says where results go. */
export function reproduction(scenario: string, options: RunOptions, seed: number): string {
  return ['regatta run', scenario, `--on ${options.on}`, `--seed ${seed}`, options.fast ? '--fast' : '', ...rateShareFlags(options.rateShare), options.rounds === undefined ? '' : `--rounds ${options.rounds}`, options.model === undefined ? '' : `--model ${options.model}`,
    options.embedded ? '' : '--no-embedded', options.install ? '' : '--no-install',
    ...clusterFlags(options), options.gateway === 'reference' ? '' : `--gateway ${options.gateway}`, ...meshFlags(options.mesh)]
    .filter((part) => part !== '').join(' ')
}
