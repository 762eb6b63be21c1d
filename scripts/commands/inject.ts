// `regatta inject FAULT`: break the topology that `regatta up` holds, for a while.

import { formatDuration, parseDurationUs } from '../../gateway/config/duration.ts'
import { faultKinds } from '../../scenarios/faults/index.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { claims, ownerLives, type ClaimDocument } from '../../topologies/substrates/local/ownership.ts'
import { commandError } from '../errors.ts'
import { ending, type Command } from './command.ts'

interface InjectOptions { set: string[]; for: string; run?: string; json?: boolean }

export const injectCommand: Command = {
  name: 'inject',
  add(program, end) {
    program.command('inject')
      .description('inject a fault into the topology that `regatta up` holds; it heals by itself')
      .argument('<fault>', faultKinds.join(', '))
      .option('--set <name=value...>', 'parameters of the fault, for example region=eu-west', [] as string[])
      .option('--for <duration>', 'how long', '10s')
      .option('--run <name>', 'which topology, when several are up')
      .option('--json', 'print the answer as JSON')
      .action(ending(end, async (fault: string, { set, for: lasts, run, json }: InjectOptions) => {
        const { control } = heldTopology(run)
        const response = await fetch(`http://127.0.0.1:${control!.port}/inject`, {
          method: 'POST', headers: { 'x-regatta-token': control!.token },
          body: JSON.stringify({ fault, parameters: Object.fromEntries(set.map(assignment)), forUs: parseDurationUs(lasts) }),
        })
        const answer = await response.json() as { code?: string; message?: string; injected?: string; affectedRegions?: string[]; forUs?: number }
        if (!response.ok) throw commandError(answer.message ?? 'refused', { found: answer.code })
        process.stdout.write(json ? `${JSON.stringify(answer)}\n`
          : `${answer.injected} in force on ${answer.affectedRegions?.join(', ') || 'its links'}; heals in ${formatDuration(answer.forUs ?? 0)}\n`)
        return ExitCode.pass
      }))
  },
}

/** `name=value`; the value is JSON where it is JSON (numbers, lists), and text otherwise. */
function assignment(text: string): [string, unknown] {
  const at = text.indexOf('=')
  if (at < 1) throw commandError(`\`${text}\` is no parameter`, { expected: 'name=value', found: text })
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
