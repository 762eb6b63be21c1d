// `regatta search`: thousands of seeds and fault schedules over a scenario, in simulation, until something breaks that
// must never break; then the smallest schedule that still breaks it, as a scenario.

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { InvalidArgumentError, Option, type Command as Commander } from 'commander'
import { readDocuments } from '../../gateway/config/document.ts'
import { parseDurationUs } from '../../gateway/config/duration.ts'
import { writeSearch } from '../../reports/search/index.ts'
import { printSearch } from '../../reports/search/terminal.ts'
import { scenarioError } from '../../scenarios/errors.ts'
import { loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { overlay } from '../../scenarios/overlay.ts'
import { jobManifest, requireSelfContained } from '../../scenarios/search/job-manifest.ts'
import { prepareSearch, type PreparedSearch } from '../../scenarios/search/prepare.ts'
import type { SearchResult, Shard } from '../../scenarios/search/result.ts'
import { search } from '../../scenarios/search/search.ts'
import { parseShard, runsOf } from '../../scenarios/search/shard.ts'
import type { TrialJob, TrialResult } from '../../scenarios/search/trial.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { openPool } from '../../scenarios/workers/pool.ts'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import { plantedDefects, type PlantedDefect } from '../../topologies/substrate.ts'
import { findSubstrate } from '../../topologies/substrates/index.ts'
import { commandError } from '../errors.ts'
import { interruptible } from '../exit.ts'
import { newRunFolder, runsFolder, writable } from '../runs.ts'
import { openProgress } from '../search-progress.ts'
import { ending, type Command } from './command.ts'
import { wholeNumber } from './run.ts'

export interface SearchOptions {
  runs?: number
  /** Microseconds. */
  for?: number
  untilViolation?: boolean
  keepGoing?: boolean
  seed: number
  full?: boolean
  plant: PlantedDefect[]
  workers: number
  replays: number
  shard: Shard
  out: string
  json?: boolean
  /** commander: `--no-live` */
  live: boolean
  manifest?: number
  parallelism?: number
  image: string
  memory: string
  claim?: string
}

const usualRuns = 1000
const worker = new URL('../../scenarios/search/trial-worker.ts', import.meta.url)

export const searchCommand: Command = {
  name: 'search',
  add(program, end) {
    withManifestOptions(withSearchOptions(program.command('search')))
      .description('look for a fault schedule that breaks an invariant, in simulation, and shrink it')
      .argument('<scenario>', 'name in the catalogue, or path of a file; its faults are the base of every schedule')
      .addHelpText('after', `
Examples:
  regatta search regional-outage --runs 1000         1000 seeds over all cores, to the first violation
  regatta search regional-outage --for 10m --keep-going    all that ten minutes find, shrunk for each invariant
  regatta search residency-lock --plant residency-as-preference    a deliberate defect: it has to be found
  regatta search regional-outage --runs 1000 --shard 2/8 --out shards/2    one of eight disjoint parts
  regatta report shards/*/*                          the parts as one result
  regatta search regional-outage --runs 100000 --manifest 20 --image registry.example/regatta:1 | kubectl apply -f -
  regatta report shards.ndjson                       the same from the logs of its pods (docs/search.md)

A result has its folder in --out: search.json, search.html, search.md, and a scenario a finding, which
\`regatta run FILE --on simulated --seed N\` plays again. It depends on the seeds only, never on the workers.
Exit codes: 0 nothing found, 1 an invariant was broken, 3 bad input, 4 a run could not be played, 130 interrupted; what is done by then is kept.`)
      .action(ending(end, searchOver))
  },
}

function withSearchOptions(command: Commander): Commander {
  return command
    .option('--runs <n>', `runs at most; ${usualRuns} unless something else ends it`, atLeastOne)
    .option('--for <duration>', 'begin no run after this long', microseconds)
    .option('--until-violation', 'without end, until an invariant is broken')
    .option('--keep-going', 'go on after a violation, and shrink the first of each invariant')
    .option('--seed <n>', 'the first seed; they count up', wholeNumber, 1)
    .option('--full', 'the long form of the scenario')
    .addOption(new Option('--plant <defect...>', 'break the gateways on purpose, to see that it is found').choices(plantedDefects).default([], 'none'))
    .option('--workers <n>', 'runs at a time, each in a thread', atLeastOne, availableParallelism())
    .option('--replays <n>', 'replays that shrinking one finding may take', atLeastOne, 300)
    .option('--shard <i/n>', 'only part i (from 0) of n disjoint parts of the seeds', shardOf, { index: 0, of: 1 })
    .option('--out <dir>', 'folder for the folders of results', runsFolder)
    .option('--json', 'print the result as one JSON document a line on standard output, and nothing else')
    .option('--no-live', 'plain progress lines even on a terminal')
}

function withManifestOptions(command: Commander): Commander {
  return command
    .option('--manifest <shards>', 'search nothing: print a Kubernetes Indexed Job that does, in so many shards', atLeastOne)
    .option('--parallelism <n>', 'of the Job: pods at a time (default: all)', atLeastOne)
    .option('--image <name>', 'of the Job: an image with `regatta` on its PATH', 'regatta:latest')
    .option('--memory <quantity>', 'of the Job: memory of a pod; its processors are --workers', '1Gi')
    .option('--claim <name>', 'of the Job: a PersistentVolumeClaim that keeps the folders of results')
}

/** All that was typed is looked at before anything is played or written. */
async function searchOver(name: string, options: SearchOptions): Promise<number> {
  if (options.untilViolation && (options.runs !== undefined || options.keepGoing)) {
    throw commandError('--until-violation has no end but a violation', { hint: 'leave out --runs and --keep-going' }, 'RGT_COMMAND_USAGE')
  }
  const { scenario, topology } = await loadScenarioAndTopology(name, { fast: !options.full })
  const runs = options.runs ?? (options.untilViolation || options.for !== undefined ? null : usualRuns)
  const prepared = prepareSearch({
    name, scenario, topology, config: overlay(await gatewayConfig(topology), scenario.config), substrate: findSubstrate('simulated'),
    form: options.full ? 'full' : 'short', seed: options.seed, runs, keepGoing: options.keepGoing ?? false, plant: options.plant,
  })
  if (options.manifest !== undefined) {
    process.stdout.write(manifestOf(name, scenario.file, options, options.manifest))
    return ExitCode.pass
  }
  const folder = newRunFolder(resolve(options.out), `search-${scenario.name}`)
  const result = await played(prepared, options, folder)
  const written = writable(folder, () => writeSearch(folder, result))
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : printSearch(result, written.files, written.reports))
  if (result.ended === 'interrupted') return ExitCode.interrupted
  return result.violations.length > 0 ? ExitCode.fail : ExitCode.pass
}

async function played({ asked, ground, about }: PreparedSearch, options: SearchOptions, folder: string): Promise<SearchResult> {
  const { shard, workers, replays } = options
  const { signal, done } = interruptible('writing what was found so far …')
  const startedMs = performance.now()
  const endMs = options.for === undefined ? Infinity : startedMs + options.for / 1000
  await using pool = openPool<TrialJob, TrialResult>({ program: worker, size: workers, signal, data: ground })
  const progress = openProgress({
    scenario: asked.scenario, runs: runsOf(shard, asked.runs), workers, stream: process.stderr,
    plain: options.json === true || !options.live || !process.stderr.isTTY,
  })
  try {
    const outcome = await search({
      asked, ground, shard, pool, signal, replays, folder, timeIsUp: () => performance.now() >= endMs,
      onTrial: progress.trial, onShrink: progress.shrink,
    })
    return { ...outcome, ...about, took: { wallMs: Math.round(performance.now() - startedMs), workers } }
  } finally {
    progress.close()
    done()
  }
}

function manifestOf(name: string, file: string, options: SearchOptions, shards: number): string {
  const inCatalogue = !/[/\\]|\.(ya?ml|json|ts)$/.test(name)
  const scenarioText = inCatalogue ? null : readFileSync(file, 'utf8')
  if (scenarioText !== null) {
    if (file.endsWith('.ts')) throw scenarioError('RGT_SEARCH_MANIFEST', 'a scenario in TypeScript cannot travel in a ConfigMap', { place: { file }, hint: 'put it into the image' })
    const [{ value }] = readDocuments(scenarioText, file)
    requireSelfContained((value as { spec: { topology?: unknown; config?: unknown[] } }).spec, file)
  }
  const { runs, for: forUs, untilViolation, keepGoing, seed, full, plant, replays } = options
  const args = [
    ...(runs === undefined ? [] : ['--runs', String(runs)]), ...(forUs === undefined ? [] : ['--for', `${Math.round(forUs / 1000)}ms`]),
    ...(untilViolation ? ['--until-violation'] : []), ...(keepGoing ? ['--keep-going'] : []), '--seed', String(seed),
    ...(full ? ['--full'] : []), ...plant.flatMap((defect) => ['--plant', defect]), '--replays', String(replays),
  ]
  return jobManifest({
    scenario: name, args, shards, parallelism: options.parallelism ?? shards, image: options.image,
    cpus: options.workers, memory: options.memory, claim: options.claim ?? null, scenarioText,
  })
}

function atLeastOne(text: string): number {
  if (wholeNumber(text) > 0) return Number(text)
  throw new InvalidArgumentError('expected 1 or more')
}

function shardOf(text: string): Shard {
  const shard = parseShard(text)
  if (shard !== null) return shard
  throw new InvalidArgumentError(`expected i/n with i from 0 to n - 1, found \`${text}\``)
}

function microseconds(text: string): number {
  try {
    return parseDurationUs(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}
