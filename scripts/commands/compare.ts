// `regatta compare SCENARIO`: the same drill beside several meshes, or with several gateways, in turns, and one report.

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findGateway, gatewayNames } from '../../gateway/drivers/index.ts'
import { inForce, withMeshUse, withRateShare } from '../../scenarios/adapted.ts'
import type { Comparison } from '../../scenarios/compare/document.ts'
import { loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { plan } from '../../scenarios/plan.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { meshWord, type MeshUse } from '../../topologies/meshes/use.ts'
import { findSubstrate, substrateKinds } from '../../topologies/substrates/index.ts'
import { printComparison, writeComparison } from '../../reports/compare/index.ts'
import { clusterFlags, clustersFor, withClusterOptions, type TypedClusters } from '../clusters.ts'
import { comparison } from '../compare/assemble.ts'
import { playVariants, type Contender } from '../compare/play.ts'
import { recordedCommand, recordedVariants } from '../compare/recorded.ts'
import { explicitTools } from '../environment.ts'
import { commandError } from '../errors.ts'
import { untilInterrupted } from '../exit.ts'
import { meshesOption, meshFlags } from '../mesh.ts'
import { rateShareFlags, rateShareOption } from '../rate-share.ts'
import { newRunFolder, runsFolder, writable } from '../runs.ts'
import { ending, type Command } from './command.ts'
import { wholeNumber } from './run.ts'

interface Options extends TypedClusters {
  on: string
  mesh?: MeshUse[]
  gateway: string
  rounds: number
  retries: number
  seed: number
  fast?: boolean
  rateShare: number
  recorded?: string
  out: string
  install: boolean
  json?: boolean
}

export const compareCommand: Command = {
  name: 'compare',
  add(program, end) {
    withClusterOptions(program.command('compare'))
      .description('the same drill beside several meshes or with several gateways, in turns: what differs, with a control')
      .argument('[scenario]', 'name in the catalogue, or path of a file; not with --recorded')
      .option(...meshesOption)
      .option('--gateway <list>', `gateways under test: ${gatewayNames.join(', ')}`, 'reference')
      .option('--on <substrate>', `where to run: ${substrateKinds.join(', ')}`, 'local')
      .option('--rounds <n>', 'rounds; in each every variant is played once, the first one twice', wholeNumber, 3)
      .option('--retries <n>', 'runs to repeat, a variant, when the machine had no room', wholeNumber, 2)
      .option('--seed <n>', 'seed of the first round; the others count up', wholeNumber, 1)
      .option('--fast', 'the short form of the scenario, about 15 s a run')
      .option(...rateShareOption)
      .option('--recorded <folder>', 'read an earlier comparison again; starts nothing')
      .option('--out <dir>', 'where the folder of the comparison goes', runsFolder)
      .option('--no-install', 'use only tools that are here already')
      .option('--json', 'print the comparison on standard output as one JSON document and nothing else')
      .addHelpText('after', `
Examples:
  regatta compare service-outage --mesh none,consul,consul:tuned,consul:stock    who fails over best: 15 runs, about 15 min
  regatta compare regional-hang --gateway reference,envoy,nginx --fast           the same drill on other gateways
  regatta compare service-outage --mesh none,consul:tuned --rate-share 0.5       on a machine that is small for a mesh
  regatta compare --recorded reports/runs/20261123T101502-compare-service-outage --json | jq .summary

A variant is a use of a mesh with a gateway. Rounds take turns: same seed for all, in an order that rotates. The first
variant is played twice a round, and what differs from it counts only when it differs by more than its own second run.
A variant that does not come up is shown with its error, and the others go on. The folder keeps every run.
Exit codes: 0 all runs pass, 1 an objective missed, 2 inconclusive, 3 bad input, 4 a substrate failed, 130 interrupted;
over all runs the worst by 130 > 4 > 1 > 2 > 0. Ctrl-C ends after tearing down and writes what there is.`)
      .action(ending(end, (name: string | undefined, options: Options) => untilInterrupted((signal) => compare(name, options, signal))))
  },
}

async function compare(name: string | undefined, options: Options, signal: AbortSignal): Promise<number> {
  if (options.recorded !== undefined) {
    if (name !== undefined) throw usage('SCENARIO', 'none together with --recorded: its runs say which', name)
    const folder = resolve(options.recorded)
    const played = await recordedVariants(folder)
    return told(comparison(played, recordedCommand(folder) ?? `regatta compare --recorded ${options.recorded}`), folder, options)
  }
  if (name === undefined) throw usage('SCENARIO', 'the name or path of a scenario, or --recorded FOLDER', '')
  return live(name, options, signal)
}

/** All that was typed is looked at before anything is started or written. */
async function live(name: string, options: Options, signal: AbortSignal): Promise<number> {
  const { scenario: whole, topology } = await loadScenarioAndTopology(name, { fast: options.fast ?? false })
  const scenario = withRateShare(whole, options.rateShare)
  const substrate = findSubstrate(options.on)
  const clusters = clustersFor(options, [options.on], topology)
  if (options.rounds < 2) throw usage('--rounds', '2 or more, because one round has no spread', String(options.rounds))
  const flags = [...(options.fast ? ['--fast'] : []), ...rateShareFlags(options.rateShare), ...(options.install ? [] : ['--no-install']), ...clusterFlags(options)]
  const meshes = options.mesh === undefined ? [] : [`--mesh ${different('--mesh', options.mesh.map(meshWord)).join(',')}`]
  const gateways = different('--gateway', options.gateway.split(',').map((word) => word.trim()))
  gateways.forEach((gateway) => findGateway(gateway))
  const contenders = (options.mesh ?? [undefined]).flatMap((use) => gateways.map((gateway): Contender => {
    const own = withMeshUse(scenario, use)
    plan(own, topology, options.seed)
    const typed = [...(gateway === 'reference' ? [] : [`--gateway ${gateway}`]), ...meshFlags(use)]
    return {
      gateway, mesh: meshWord(inForce(own, topology)), scenario: own,
      command: (seed) => ['regatta run', name, `--on ${options.on} --seed ${seed}`, ...flags, ...typed].join(' '),
    }
  }))
  if (contenders.length < 2) throw usage('--mesh and --gateway', 'two or more variants, as in `--mesh none,consul`', [...meshes, `--gateway ${options.gateway}`].join(' '))
  const folder = newRunFolder(resolve(options.out), `compare-${scenario.name}`)
  writable(join(folder, 'runs'), (dir) => mkdirSync(dir))
  const played = await playVariants({
    contenders, topology, folder, signal, rounds: options.rounds, retries: options.retries, seed: options.seed,
    run: { substrate, clusters, tools: { allowEmbedded: true, allowInstall: options.install, explicit: explicitTools() } },
    say: (text) => void process.stderr.write(`${text}\n`),
  })
  if (played.records.length === 0) return ExitCode.interrupted
  const command = ['regatta compare', name, ...meshes, `--gateway ${options.gateway} --on ${options.on}`,
    `--rounds ${options.rounds} --retries ${options.retries} --seed ${options.seed}`, ...flags].join(' ')
  const code = told(comparison(played, command), folder, options)
  return signal.aborted ? ExitCode.interrupted : code
}

function told(document: Comparison, folder: string, { json }: Options): number {
  const { html } = writable(folder, () => writeComparison(folder, document))
  process.stdout.write(json ? `${JSON.stringify(document)}\n` : `${printComparison(document)}${html}\n`)
  return document.exitCode
}

function different(option: string, words: string[]): string[] {
  if (new Set(words).size === words.length) return words
  throw usage(option, 'different names with commas between', words.join(','))
}

function usage(option: string, expected: string, found: string): Error {
  return commandError(found === '' ? `${option} is missing` : `${option} cannot be \`${found}\``, { expected, found }, 'RGT_COMMAND_USAGE')
}
