// `regatta must-fail`: a verdict that cannot be fail or inconclusive is worth nothing. Plays every scenario of
// `scenarios/must-fail/`, each of which names the exit code it has to end with and what it has to say, because the
// right code for a wrong reason proves nothing; and one run that is interrupted.

import { spawn } from 'node:child_process'
import { basename, join } from 'node:path'
import Table from 'cli-table3'
import { formatPlace, type CodedError, type Place } from '../../gateway/errors.ts'
import { scenarioError } from '../../scenarios/errors.ts'
import { mustFailScenarios } from '../../scenarios/load-scenario.ts'
import { ExitCode, type Verdict } from '../../scenarios/verdict.ts'
import { findMesh } from '../../topologies/meshes/index.ts'
import { claims } from '../../topologies/substrates/sockets/ownership.ts'
import { projectRoot } from '../environment.ts'
import { ending, type Command } from './command.ts'

interface Case { name: string; args: string[]; mustExit: number; mustSay: string; interruptAfterMs: number | null; on: keyof typeof oneRunAtMostMs }
interface Outcome { name: string; mustExit: number; exited: number | null; mustSay: string; said: boolean; why: string; leftBehind: string[]; /** the machine or the generator had no room */ crowded: boolean }

/** Clusters are made and removed for each. */
const oneRunAtMostMs = { local: 120_000, kind: 600_000 }
/** A crowded machine makes any run inconclusive, which is right and proves nothing about the scenario: it is played again. */
const mostTries = 3
const trapped = ['consul', 'istio']
const roomChecks = ['machine-room', 'generator']

export const mustFailCommand: Command = {
  name: 'must-fail',
  add(program, end) {
    program.command('must-fail')
      .description('play the scenarios that have to fail, and compare their exit codes with what they name')
      .argument('[name...]', 'only these')
      .option('--mesh <name>', `instead, those that show the traps of this mesh, where it runs: ${trapped.join(', ')}`)
      .option('--no-install', 'use only tools that are here already')
      .option('--json', 'one JSON document a line')
      .addHelpText('after', `
Examples:
  regatta must-fail                            all of them: a table of what had to happen and what did
  regatta must-fail failover-off interrupted   only these
  regatta must-fail --mesh istio               traps of Istio's settings, each on clusters of its own
Exit codes: 0 each ended as it must and left nothing behind, 1 one did not, 3 no scenario of that name.`)
      .action(ending(end, async (names: string[], { json, install, mesh }: { json?: boolean; install: boolean; mesh?: string }) => {
        const all = mesh === undefined ? await allCases(install) : await casesBeside(mesh, install)
        const unknown = names.find((name) => !all.some((one) => one.name === name))
        if (unknown !== undefined) {
          throw scenarioError('RGT_SCENARIO_UNKNOWN', `no must-fail scenario is called \`${unknown}\``, {
            expected: all.map(({ name }) => name).join(', '), found: unknown,
          })
        }
        const cases = all.filter(({ name }) => names.length === 0 || names.includes(name))
        const outcomes: Outcome[] = []
        for (const one of cases) {
          process.stderr.write(`${one.name} …\n`)
          const outcome = await playWithRoom(one)
          outcomes.push(outcome)
          if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`)
        }
        if (!json) process.stdout.write(table(outcomes))
        return outcomes.every(asIntended) ? ExitCode.pass : ExitCode.fail
      }))
  },
}

async function allCases(install: boolean): Promise<Case[]> {
  const flags = install ? [] : ['--no-install']
  const scenarios = await mustFailScenarios()
  return [
    ...scenarios.map(({ name, file, mustExit, mustSay }): Case => ({
      name, args: [file, ...flags], mustExit: mustExit ?? Number.NaN, mustSay: mustSay ?? '', interruptAfterMs: null, on: 'local',
    })),
    { name: 'interrupted', args: ['regional-outage', '--fast', ...flags], mustExit: ExitCode.interrupted, mustSay: 'interrupted', interruptAfterMs: 9_000, on: 'local' },
  ]
}

/** Throws RGT_UNSUPPORTED for a mesh that does not exist, RGT_SCENARIO_UNKNOWN for one without traps. */
async function casesBeside(name: string, install: boolean): Promise<Case[]> {
  const mesh = findMesh(name)
  const scenarios = await mustFailScenarios(name)
  if (scenarios.length === 0) throw scenarioError('RGT_SCENARIO_UNKNOWN', `no must-fail scenario stands beside mesh ${name}`, { expected: trapped.join(', '), found: name })
  const on = mesh.on.local.supported ? 'local' : 'kind'
  return scenarios.map(({ name: of, file, mustExit, mustSay }): Case => ({
    name: of, args: [file, '--on', on, ...(install ? [] : ['--no-install'])], mustExit: mustExit ?? Number.NaN, mustSay: mustSay ?? '', interruptAfterMs: null, on,
  }))
}

async function playWithRoom(one: Case): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await play(one)
    if (!outcome.crowded || asIntended(outcome) || tries === mostTries) return outcome
    process.stderr.write(`${one.name}: the machine had no room; again …\n`)
  }
}

function play({ name, args, mustExit, mustSay, interruptAfterMs, on }: Case): Promise<Outcome> {
  const child = spawn(process.execPath, [join(projectRoot, 'scripts', 'regatta.ts'), 'run', ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  let processes: number[] = []
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
  const watch = setInterval(() => {
    processes = claims().filter(({ owner }) => owner.pid === child.pid).flatMap((claim) => claim.processes.map(({ pid }) => pid)).concat(processes)
  }, 250)
  const interrupt = interruptAfterMs === null ? undefined : setTimeout(() => child.kill('SIGINT'), interruptAfterMs)
  const giveUp = setTimeout(() => child.kill('SIGKILL'), oneRunAtMostMs[on])
  return new Promise((resolve) => child.on('close', (exited) => {
    clearInterval(watch)
    clearTimeout(interrupt)
    clearTimeout(giveUp)
    const left = [...new Set(processes)].filter(alive).map((pid) => `process ${pid}`)
    const claimed = claims().filter(({ owner }) => owner.pid === child.pid).map(({ run }) => `claim ${run}`)
    const [why, ...more] = told(output, errors)
    resolve({
      name, mustExit, exited, mustSay, why, said: [why, ...more].some((text) => text.includes(mustSay)), leftBehind: [...left, ...claimed], crowded: crowded(output),
    })
  }))
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Inconclusive, and the machine or the generator had no room. */
function crowded(output: string): boolean {
  try {
    const { verdict, checks } = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Verdict
    return verdict === 'inconclusive' && checks.some(({ name, verdict: held }) => held === 'inconclusive' && roomChecks.includes(name))
  } catch {
    return false
  }
}

/** The verdict's own sentence and what its checks that did not pass say; or the coded error. */
function told(output: string, errors: string): string[] {
  const line = output.trim().split('\n').at(-1) ?? ''
  try {
    const { summary, checks } = JSON.parse(line) as Verdict
    return [summary, ...checks.filter(({ verdict }) => verdict !== 'pass').flatMap(({ name, evidence }) => [name, ...evidence])]
  } catch {
    const coded = errors.split('\n').find((text) => text.includes('"error"')) ?? errors.trim().split('\n').at(-1) ?? ''
    return [sentence(coded)]
  }
}

/** A coded error as `tell` prints it for scripts, in words; any other text as it is. */
function sentence(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error: ReturnType<CodedError['toJSON']> & { errors?: unknown[] } }
    const first = (error.errors?.[0] ?? error) as { code: string; message: string; place?: Place; hint?: string }
    return [`${first.code}: ${first.message}`, ...(first.place === undefined ? [] : [`at ${basename(formatPlace(first.place))}`]), first.hint ?? ''].join(' ')
  } catch {
    return text
  }
}

function asIntended({ mustExit, exited, said, leftBehind }: Outcome): boolean {
  return mustExit === exited && said && leftBehind.length === 0
}

function table(outcomes: Outcome[]): string {
  const rows = new Table({ head: ['scenario', 'must exit', 'exited', '', 'why'], colWidths: [26, 11, 8, 5, 90], wordWrap: true, style: { head: [], border: [] } })
  for (const outcome of outcomes) {
    const why = [
      outcome.why,
      ...(outcome.said ? [] : [`DID NOT SAY: ${outcome.mustSay}`]),
      ...(outcome.leftBehind.length === 0 ? [] : [`LEFT BEHIND: ${outcome.leftBehind.join(', ')}`]),
    ].join('\n')
    rows.push([outcome.name, outcome.mustExit, outcome.exited ?? 'killed', asIntended(outcome) ? 'ok' : 'NO', why])
  }
  return `${rows.toString()}\n${outcomes.filter(asIntended).length} of ${outcomes.length} ended as they must\n`
}
