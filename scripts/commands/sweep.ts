// `regatta sweep`: the same drill in simulation over a grid of settings and loads: the map of what is safe.

import { availableParallelism, tmpdir } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { parseDurationUs } from '../../gateway/config/duration.ts'
import { writeSweep } from '../../reports/sweep/index.ts'
import { printSweep } from '../../reports/sweep/terminal.ts'
import { oneLine } from '../../reports/words.ts'
import { scenarioError } from '../../scenarios/errors.ts'
import { axes } from '../../scenarios/sweep/axes.ts'
import { formatAxisValue } from '../../scenarios/sweep/axis.ts'
import { axisWith, catalogSweeps, readAxisValue, seedsUpTo, sweepCalled } from '../../scenarios/sweep/load-sweep.ts'
import { playSweep, prepareSweep, type PreparedSweep } from '../../scenarios/sweep/play-sweep.ts'
import type { SweepResult } from '../../scenarios/sweep/result.ts'
import { loadSubject, type Subject } from '../../scenarios/sweep/subject.ts'
import type { Sweep } from '../../scenarios/sweep/sweep.ts'
import type { Trial, TrialJob } from '../../scenarios/sweep/trial.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { openPool } from '../../scenarios/workers/pool.ts'
import { untilInterrupted } from '../exit.ts'
import { newRunFolder, runsFolder, writable } from '../runs.ts'
import { openProgress } from '../sweep-progress.ts'
import { ending, type Command } from './command.ts'
import { wholeNumber } from './run.ts'

export interface SweepOptions {
  axis: string[]
  set: string[]
  seeds?: number
  objective?: number
  fast?: boolean
  workers: number
  out: string
  keep?: boolean
  json?: boolean
  /** commander: `--no-live` */
  live: boolean
}

const worker = new URL('../../scenarios/sweep/worker.ts', import.meta.url)

export const sweepCommand: Command = {
  name: 'sweep',
  add(program, end) {
    program.command('sweep')
      .description('play a scenario in simulation over a grid of settings: the map of what is safe')
      .argument('[sweep]', 'a sweep of the catalogue, a scenario, or a file of either; without it, what there is')
      .option('--axis <name=values>', 'values to try, divided by commas; again for each axis', gathered, [])
      .option('--set <name=value>', 'the same value of an axis in every cell; again for each', gathered, [])
      .option('--seeds <n>', 'runs of each cell, with seeds counting up from 1', atLeastOne)
      .option('--objective <duration>', 'failover below this is safe', milliseconds)
      .option('--fast', 'the short form of the scenario')
      .option('--workers <n>', 'runs at a time, each in a thread; the result is the same for any number', atLeastOne, availableParallelism())
      .option('--out <dir>', 'folder for the folders of results', runsFolder)
      .option('--keep', 'keep the folder of every run, below the result')
      .option('--json', 'print the result as one JSON document on standard output, and nothing else')
      .option('--no-live', 'plain progress lines even on a terminal')
      .addHelpText('after', `
Examples:
  regatta sweep                                      the sweeps of the catalogue, and every axis
  regatta sweep counter-reset                        the known trap: a counter that starts again too often
  regatta sweep detection --axis rate=5,50 --seeds 1 the map of safe detection settings, smaller
  regatta sweep regional-outage --axis rate=20,100,400 --axis probe-interval=100ms,1s,3s
  regatta sweep ./my-sweep.yaml --json | jq '.cells[] | select(.safety == "unsafe")'

A result has its folder in --out: sweep.json, sweep.html (heat maps), sweep.md, sweep.csv. Equal sweeps give equal bytes.
Exit codes: 0 done, 3 bad input, 4 a run could not be played, 130 interrupted; what is done by then is kept.`)
      .action(ending(end, (name: string | undefined, options: SweepOptions) =>
        name === undefined ? Promise.resolve(list(options.json ?? false)) : untilInterrupted((signal) => sweepOver(name, options, signal))))
  },
}

/** All that was typed is looked at before anything is played or written. */
async function sweepOver(name: string, options: SweepOptions, signal: AbortSignal): Promise<number> {
  const sweep = withOptions(await sweepCalled(name), options)
  const subject = await loadSubject(sweep.scenario, { fast: sweep.fast })
  const prepared = prepareSweep(sweep, subject)
  const folder = newRunFolder(resolve(options.out), `sweep-${sweep.name}`)
  const result = await played(sweep, subject, prepared, { options, folder, command: reproduction(name, options), signal })
  const reports = writable(folder, () => writeSweep(folder, result))
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : printSweep(result, reports))
  if (result.ended === 'interrupted') return ExitCode.interrupted
  return result.counts.runsFailed > 0 ? ExitCode.toolFailed : ExitCode.pass
}

interface Playing { options: SweepOptions; folder: string; command: string; signal: AbortSignal }

async function played(sweep: Sweep, subject: Subject, prepared: PreparedSweep, { options, folder, command, signal }: Playing): Promise<SweepResult> {
  const keep = options.keep ?? false
  const workDir = keep ? join(folder, 'runs') : mkdtempSync(join(tmpdir(), 'regatta-sweep-'))
  const runs = prepared.cells.length * sweep.seeds.length
  const workers = Math.min(options.workers, runs)
  await using pool = openPool<TrialJob, Trial>({ program: worker, size: workers, signal })
  const progress = openProgress({
    cells: prepared.cells.length, runs, workers, stream: process.stderr, plain: options.json === true || !options.live || !process.stderr.isTTY,
  })
  try {
    return await playSweep({
      sweep, subject, workers, workDir, keep, signal, command, play: (job) => pool.run(job), onCell: progress.cell, onTrial: progress.trial,
    }, prepared)
  } finally {
    progress.close()
    if (!keep) {
      await pool.close()
      rmSync(workDir, { recursive: true, force: true })
    }
  }
}

/** What was typed stands over the file: an axis replaces the one of its name in its place, or comes last. */
export function withOptions(sweep: Sweep, { axis, set, seeds, objective, fast }: SweepOptions): Sweep {
  const typed = axis.map(assigned).map(([name, text]) => axisWith(name, text.split(',').map((value) => readAxisValue(name, value.trim()).value)))
  const fixed = set.map(assigned).map(([name, text]) => readAxisValue(name, text))
  const kept = sweep.axes.filter(({ name }) => !fixed.some((setting) => setting.axis === name))
  const swept = [...new Map([...kept, ...typed].map((one) => [one.name, one])).values()]
  if (swept.length === 0) {
    throw scenarioError('RGT_SWEEP_AXIS', 'a sweep needs an axis', {
      expected: `--axis NAME=VALUES with one of ${axes.map(({ name }) => name).join(', ')}`, hint: '`regatta sweep` lists the axes, and the sweeps that have theirs',
    })
  }
  return {
    ...sweep, axes: swept, fast: fast ?? sweep.fast,
    fixed: [...new Map([...sweep.fixed, ...fixed].map((setting) => [setting.axis, setting])).values()].filter((setting) => !swept.some(({ name }) => name === setting.axis)),
    seeds: seeds === undefined ? sweep.seeds : seedsUpTo(seeds),
    objectiveMs: objective ?? sweep.objectiveMs,
  }
}

/** How to do it again: what was typed, without what only says where results go and how fast. */
export function reproduction(name: string, { axis, set, seeds, objective, fast }: SweepOptions): string {
  return ['regatta sweep', name, ...axis.map((text) => `--axis ${text}`), ...set.map((text) => `--set ${text}`),
    seeds === undefined ? '' : `--seeds ${seeds}`, objective === undefined ? '' : `--objective ${formatAxisValue('duration', objective)}`, fast ? '--fast' : '']
    .filter((part) => part !== '').join(' ')
}

function list(json: boolean): number {
  const sweeps = catalogSweeps()
  if (json) {
    const known = axes.map(({ name, unit, description }) => ({ kind: 'Axis', name, unit, description }))
    process.stdout.write([...sweeps.map((sweep) => ({ kind: 'Sweep', ...sweep })), ...known].map((one) => `${JSON.stringify(one)}\n`).join(''))
    return ExitCode.pass
  }
  const width = Math.max(...axes.map(({ name }) => name.length))
  process.stdout.write([
    'sweeps', ...sweeps.map(({ name, description }) => `  ${name.padEnd(width)}  ${firstSentence(description)}`),
    '', 'axes', ...axes.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`), '',
  ].join('\n'))
  return ExitCode.pass
}

function firstSentence(text: string): string {
  return oneLine(text.trim().split(/(?<=[.!?])\s/)[0])
}

function gathered(text: string, before: string[]): string[] {
  assigned(text)
  return [...before, text]
}

function assigned(text: string): [string, string] {
  const match = /^([^=]+)=(.+)$/.exec(text)
  if (match === null) throw new InvalidArgumentError(`expected NAME=VALUES, found \`${text}\``)
  return [match[1], match[2]]
}

function atLeastOne(text: string): number {
  if (wholeNumber(text) > 0) return Number(text)
  throw new InvalidArgumentError('expected 1 or more')
}

function milliseconds(text: string): number {
  try {
    return parseDurationUs(text) / 1000
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}
