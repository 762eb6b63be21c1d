// `regatta parity`: play the same scenarios on two substrates and say how far they agree, with intervals.

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { printParity, writeParity } from '../../reports/parity/index.ts'
import type { ParityReport } from '../../scenarios/parity/document.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { findSubstrate, substrateKinds } from '../../topologies/substrates/index.ts'
import { untilInterrupted } from '../exit.ts'
import { clusterFlags, withClusterOptions, type TypedClusters } from '../clusters.ts'
import { modelFrom, modelOption } from '../model.ts'
import { parityScenarios } from '../parity/choose.ts'
import { playAll, type ParityRequest } from '../parity/play.ts'
import { parityReport } from '../parity/assemble.ts'
import { rateShareFlags, rateShareOption } from '../rate-share.ts'
import { recordedSides } from '../parity/recorded.ts'
import { commandError } from '../errors.ts'
import { newRunFolder, runsFolder, writable } from '../runs.ts'
import { ending, type Command } from './command.ts'
import { wholeNumber } from './run.ts'

interface Options extends TypedClusters {
  on: string
  runs: number
  retries: number
  seed: number
  out: string
  model?: string
  recorded?: string
  fast?: boolean
  rateShare: number
  json?: boolean
  install: boolean
}

export const parityCommand: Command = {
  name: 'parity',
  add(program, end) {
    withClusterOptions(program.command('parity'))
      .description('compare substrates: the same scenarios and seeds on each, differences with intervals')
      .argument('[scenario...]', 'names or paths; default: drills with a fault, without the one that was calibrated on')
      .option('--on <list>', `substrates (${substrateKinds.join(', ')}); the last is what the others are compared with`, 'simulated,local')
      .option('--runs <n>', 'runs of each scenario on each substrate, with seeds counting up', wholeNumber, 10)
      .option('--retries <n>', 'runs to repeat, a scenario and substrate, when the machine had no room', wholeNumber, 5)
      .option('--seed <n>', 'seed of the first run', wholeNumber, 1)
      .option(...modelOption)
      .option('--fast', 'the short form of the scenarios, 15 to 20 s a run on sockets')
      .option(...rateShareOption)
      .option('--recorded <folder>', 'compare again what an earlier comparison recorded; starts nothing')
      .option('--out <dir>', 'where the folder of the comparison goes', runsFolder)
      .option('--no-install', 'use only tools that are here already')
      .option('--json', 'print the parity document on standard output and nothing else')
      .addHelpText('after', `
Examples:
  regatta run regional-outage --fast && regatta calibrate -o model.yaml
  regatta parity --fast --model model.yaml                       all, 10 runs each: about an hour on sockets
  regatta parity slow-services patient-counting --fast --model model.yaml
  regatta parity regional-hang --on simulated,kind,local --fast  a column for clusters; they are made anew for each run
  regatta parity --recorded reports/runs/20261123T101502-parity --json | jq .summary

Failover time agrees when the 90 % interval of the ratio of medians lies inside 0.8 to 1.25, traffic when no region's
share is 3 points apart. A run during which the machine had no room is left out and repeated; a side with fewer runs
than asked is not compared. Scenarios made for this lie in scenarios/parity/.
Exit codes: 0 all inside, 1 something is outside, 2 cannot be told, 3 bad input, 4 a substrate failed, 130 interrupted.`)
      .action(ending(end, (names: string[], options: Options) => untilInterrupted((signal) => parity(names, options, signal))))
  },
}

async function parity(names: string[], options: Options, signal: AbortSignal): Promise<number> {
  const model = await modelFrom(options.model)
  const kinds = kindsOf(options.on)
  if (options.runs < 2) throw usage('--runs', '2 or more, because one run has no spread', String(options.runs))
  const flags = [...(options.fast ? ['--fast'] : []), ...rateShareFlags(options.rateShare), ...(options.model === undefined ? [] : [`--model ${options.model}`]), ...clusterFlags(options)]
  const command = ['regatta parity', ...names, `--on ${kinds.join(',')}`, `--runs ${options.runs}`, `--seed ${options.seed}`, ...flags].join(' ')
  const about = { model, kinds, runsAsked: options.runs, seed: options.seed, fast: options.fast ?? false, command }
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  if (options.recorded !== undefined) {
    const report = parityReport(await recordedSides(resolve(options.recorded), kinds), about)
    return told(report, resolve(options.recorded), options)
  }
  const scenarios = await parityScenarios(names, {
    fast: about.fast, rateShare: options.rateShare, calibratedOn: model?.measured?.scenario ?? null, seed: options.seed, capabilities: kinds.map((kind) => findSubstrate(kind).capabilities()),
  })
  const folder = newRunFolder(resolve(options.out), 'parity')
  writable(join(folder, 'runs'), (dir) => mkdirSync(dir))
  const request: ParityRequest = {
    scenarios, substrates: kinds.map(findSubstrate), runs: options.runs, retries: options.retries, seed: options.seed,
    model, clusters: options, folder, install: options.install, flags, signal, say,
  }
  const report = parityReport(await playAll(request), about)
  const code = told(report, folder, options)
  return signal.aborted ? ExitCode.interrupted : code
}

function told(report: ParityReport, folder: string, { json }: Options): number {
  let written = { json: '', html: '' }
  writable(folder, () => { written = writeParity(folder, report) })
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${printParity(report)}${written.html}\n`)
  return report.exitCode
}

function kindsOf(list: string): string[] {
  const kinds = list.split(',').map((kind) => kind.trim()).filter((kind) => kind !== '')
  kinds.forEach((kind) => findSubstrate(kind))
  if (kinds.length < 2 || new Set(kinds).size !== kinds.length) throw usage('--on', 'two or more different substrates, as in `simulated,local`', list)
  return kinds
}

function usage(option: string, expected: string, found: string): Error {
  return commandError(`${option} cannot be \`${found}\``, { expected, found }, 'RGT_COMMAND_USAGE')
}
