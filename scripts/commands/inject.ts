// `regatta inject FAULT`: break the topology that `regatta up` holds, for a while.

import { InvalidArgumentError, Option } from 'commander'
import { formatDuration, parseDurationUs } from '../../gateway/config/duration.ts'
import { CodedError, CodedErrors, type ErrorDetails } from '../../gateway/errors.ts'
import { faultKinds, faults } from '../../scenarios/faults/index.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { claims, ownerLives, type ClaimDocument } from '../../topologies/substrates/sockets/ownership.ts'
import type { ControlProblem } from '../control.ts'
import { commandError } from '../errors.ts'
import type { Injected } from '../injection.ts'
import { ending, type Command } from './command.ts'

interface InjectOptions { set: string[]; for: number; run?: string; json?: boolean }

export const injectCommand: Command = {
  name: 'inject',
  add(program, end) {
    program.command('inject')
      .description('inject a fault into the topology that `regatta up` holds; it heals by itself')
      .argument('<fault>', faultKinds.join(', '))
      .option('--set <name=value...>', 'parameters of the fault, for example region=eu-west', [] as string[])
      .addOption(new Option('--for <duration>', 'how long').argParser(duration).default(10_000_000, '10s'))
      .option('--run <name>', 'which topology, when several are up')
      .option('--json', 'print the answer as JSON')
      .addHelpText('after', `
Faults and their parameters (--set):
${Object.values(faults).map(({ kind, description, parameters }) => `  ${kind.padEnd(22)} ${Object.keys(parameters.shape).join(', ').padEnd(24)} ${description}`).join('\n')}

Examples:
  regatta inject regional-outage --set region=eu-west --for 10s
  regatta inject latency-spike --set region=us-east --set delay=150ms --for 1m
Exit codes: 0 in force, 3 no topology is up, or it refuses what was asked.`)
      .action(ending(end, async (fault: string, { set, for: forUs, run, json }: InjectOptions) => {
        const parameters = Object.fromEntries(set.map(assignment))
        const injected = await ask(heldTopology(run), { fault, parameters, forUs })
        process.stdout.write(json ? `${JSON.stringify(injected)}\n`
          : `${injected.injected} in force on ${injected.affectedRegions.join(', ') || 'its links'}; heals in ${formatDuration(injected.forUs)}\n`)
        return ExitCode.pass
      }))
  },
}

function duration(text: string): number {
  try {
    return parseDurationUs(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

/** `name=value`; the value is JSON where it is JSON (numbers, lists), and text otherwise. */
export function assignment(text: string): [string, unknown] {
  const at = text.indexOf('=')
  if (at < 1) throw commandError(`\`${text}\` is no parameter`, { expected: 'name=value', found: text }, 'RGT_COMMAND_USAGE')
  const value = text.slice(at + 1)
  try {
    return [text.slice(0, at), JSON.parse(value)]
  } catch {
    return [text.slice(0, at), value]
  }
}

function heldTopology(run: string | undefined): ClaimDocument {
  const held = claims().filter((claim) => claim.control !== null && ownerLives(claim) && (run === undefined || claim.run === run))
  if (held.length === 1) return held[0]
  throw commandError(held.length === 0 ? 'no topology is up' : 'several topologies are up', {
    expected: 'one', found: held.map((claim) => claim.run).join(', ') || 'none',
    hint: held.length === 0 ? 'start one with `regatta up`' : 'name one with --run',
  })
}

async function ask({ run, control }: ClaimDocument, injection: object): Promise<Injected> {
  let response: Response
  try {
    response = await fetch(`http://127.0.0.1:${control!.port}/inject`, {
      method: 'POST', headers: { 'x-regatta-token': control!.token }, body: JSON.stringify(injection),
    })
  } catch (cause) {
    throw commandError(`${run} does not answer`, { found: String((cause as Error).cause ?? cause), hint: 'it may be ending; try again', cause })
  }
  if (response.ok) return await response.json() as Injected
  const { errors } = await response.json() as { errors: ControlProblem[] }
  throw new CodedErrors(errors.map(({ code, message, ...details }) => new CodedError(code, message, details as ErrorDetails)))
}
