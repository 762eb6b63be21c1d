// `regatta down`: end topologies that are held up, and remove what dead runs left behind.

import { claims, ownerLives, signalQuietly, sweep } from '../../topologies/substrates/sockets/ownership.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { commandError } from '../errors.ts'
import { ending, type Command } from './command.ts'

interface DownOptions { stale?: boolean; all?: boolean; json?: boolean }
interface Ended { run: string; state: 'down' | 'still ending' | 'swept'; processes?: string[]; folders?: string[] }

const patienceMs = 15_000

export const downCommand: Command = {
  name: 'down',
  add(program, end) {
    program.command('down')
      .description('end topologies that `regatta up` holds, and remove what dead runs left')
      .argument('[run]', 'one of them; default: all that are held up')
      .option('--stale', 'only remove what dead runs left')
      .option('--all', 'end running drills too; they heal and tear down first')
      .option('--json', 'one JSON document a run')
      .addHelpText('after', `
Examples:
  regatta down                       end what \`regatta up\` holds
  regatta down --stale               after a crash or SIGKILL: end processes and remove folders without an owner
  regatta down --all                 end everything of this user

Exit codes: 0 done (also when there was nothing to do), 3 no such run, 4 something did not end within ${patienceMs / 1000} s.`)
      .action(ending(end, async (run: string | undefined, options: DownOptions) => {
        const tell = (ended: Ended): void => void process.stdout.write(options.json ? `${JSON.stringify(ended)}\n` : sentence(ended))
        for (const { run: name, killed, removed } of sweep()) tell({ run: name, state: 'swept', processes: killed, folders: removed })
        if (options.stale) return ExitCode.pass
        const living = chosen(run, options.all ?? false)
        for (const claim of living) signalQuietly(claim.owner.pid, 'SIGTERM')
        const left = await gone(living.map((claim) => claim.run))
        for (const claim of living) tell({ run: claim.run, state: left.includes(claim.run) ? 'still ending' : 'down' })
        if (living.length === 0 && !options.json) process.stdout.write('nothing is up\n')
        return left.length === 0 ? ExitCode.pass : ExitCode.toolFailed
      }))
  },
}

function chosen(run: string | undefined, all: boolean): ReturnType<typeof claims> {
  const living = claims().filter(ownerLives)
  if (run === undefined) return living.filter((claim) => all || claim.control !== null)
  const named = living.filter((claim) => claim.run === run)
  if (named.length > 0) return named
  throw commandError(`no run \`${run}\` is up`, { expected: living.map((claim) => claim.run).join(', ') || 'a run (none is up)', found: run })
}

function sentence({ run, state, processes = [], folders = [] }: Ended): string {
  return state === 'swept'
    ? `${run}: its owner is dead; ended ${processes.length} processes, removed ${folders.length} folders\n`
    : `${run}: ${state}\n`
}

async function gone(runs: string[]): Promise<string[]> {
  let left = runs
  for (let waitedMs = 0; waitedMs < patienceMs && left.length > 0; waitedMs += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const here = new Set(claims().map(({ run }) => run))
    left = left.filter((run) => here.has(run))
  }
  return left
}
