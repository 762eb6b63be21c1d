// `regatta run SCENARIO`: the main verb. Bring a topology up, play the scenario, judge it, write the reports.

import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { InvalidArgumentError, type Command as Commander } from 'commander'
import { loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { plan } from '../../scenarios/plan.ts'
import { run } from '../../scenarios/run.ts'
import { ExitCode, type Verdict } from '../../scenarios/verdict.ts'
import { findSubstrate, substrateKinds } from '../../topologies/substrates/index.ts'
import { openLive, type Live } from '../../reports/live.ts'
import { writeReports } from '../../reports/index.ts'
import { printVerdict, printRepeats } from '../../reports/terminal.ts'
import { interruptible, worst } from '../exit.ts'
import { explicitTools } from '../environment.ts'
import { judgeAndWrite, runsFolder } from '../runs.ts'
import { ending, type Command } from './command.ts'

export interface RunOptions {
  on: string
  gateway: string
  mesh: string
  seed: number
  repeat: number
  out: string
  json?: boolean
  fast?: boolean
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
  regatta run steady --no-install                  do not fetch tools; embedded parts stand in and say so

Exit codes: 0 pass, 1 objective missed, 2 inconclusive, 3 bad input, 4 substrate or tool failed, 130 interrupted.
Over repeats the worst by 130 > 4 > 1 > 2 > 0.`)
      .action(ending(end, runScenario))
  },
}

export function withRunOptions(command: Commander): Commander {
  return command
    .option('--on <substrate>', `where to run: ${substrateKinds.join(', ')}`, 'local')
    .option('--gateway <name>', 'gateway under test', 'reference')
    .option('--mesh <name>', 'mesh beside the gateway', 'none')
    .option('--seed <n>', 'seed of every random choice', wholeNumber, 1)
    .option('--repeat <n>', 'run this often, with seeds counting up', wholeNumber, 1)
    .option('--out <dir>', 'folder for run folders; `latest` in it points at the newest', runsFolder)
    .option('--fast', 'the short form of the scenario, about 15 s')
    .option('--json', 'print verdict documents on standard output, one a line, and nothing else')
    .option('--no-embedded', 'a missing tool is an error instead of a stand-in')
    .option('--no-install', 'use only tools that are here already')
    .option('--no-live', 'plain progress lines even on a terminal')
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`expected a whole number, found \`${text}\``)
  return Number(text)
}

async function runScenario(name: string, options: RunOptions): Promise<number> {
  const { scenario, topology } = await loadScenarioAndTopology(name, { fast: options.fast ?? false })
  const { signal, done } = interruptible()
  const verdicts: Verdict[] = []
  const codes: number[] = []
  try {
    for (let repeat = 0; repeat < Math.max(1, options.repeat) && !signal.aborted; repeat++) {
      const { verdict, code } = await runOnce({ scenario, topology, options, seed: options.seed + repeat, signal })
      codes.push(code)
      if (verdict === null) break
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
  scenario: Awaited<ReturnType<typeof loadScenarioAndTopology>>['scenario']
  topology: Awaited<ReturnType<typeof loadScenarioAndTopology>>['topology']
  options: RunOptions
  seed: number
  signal: AbortSignal
}

/** One run to its verdict. Null when the substrate failed before there was anything to judge. */
async function runOnce({ scenario, topology, options, seed, signal }: Once): Promise<{ verdict: Verdict | null; code: number }> {
  const runDir = newRunFolder(resolve(options.out), scenario.name)
  const live: Live = openLive({ plan: plan(scenario, topology, seed), plain: options.json === true || !options.live || !process.stderr.isTTY, stream: process.stderr })
  let record
  try {
    record = await run({
      scenario, topology, seed, runDir, signal,
      substrate: findSubstrate(options.on),
      tools: { allowEmbedded: options.embedded, allowInstall: options.install, explicit: explicitTools() },
      options: { gateway: options.gateway, mesh: options.mesh },
      command: reproduction(scenario.name, options, seed),
      onProgress: live.progress, onEvent: live.event, onRequest: live.request,
    })
  } finally {
    live.close()
  }
  pointLatest(resolve(options.out), runDir)
  const verdict = await judgeAndWrite(runDir)
  const reports = await writeReports(runDir)
  if (record.error !== null) process.stderr.write(`${record.error.message}\n`)
  if (!options.json && record.ended !== 'failed') process.stdout.write(printVerdict(verdict, reports))
  return { verdict, code: record.ended === 'interrupted' ? ExitCode.interrupted : verdict.exitCode }
}

/** `20261123T101502-regional-outage`, with a number behind when that is taken. */
function newRunFolder(out: string, scenario: string): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15)
  mkdirSync(out, { recursive: true })
  for (let count = 0; ; count++) {
    const path = join(out, `${stamp}-${scenario}${count === 0 ? '' : `-${count}`}`)
    try {
      mkdirSync(path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function pointLatest(out: string, runDir: string): void {
  const link = join(out, 'latest')
  rmSync(link, { force: true })
  symlinkSync(basename(runDir), link, 'dir')
}

function reproduction(scenario: string, options: RunOptions, seed: number): string {
  return ['regatta run', scenario, `--on ${options.on}`, `--seed ${seed}`, options.fast ? '--fast' : '',
    options.gateway === 'reference' ? '' : `--gateway ${options.gateway}`, options.mesh === 'none' ? '' : `--mesh ${options.mesh}`]
    .filter((part) => part !== '').join(' ')
}
