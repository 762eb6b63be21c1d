// `regatta down`: end topologies that are held up, and remove what dead runs left behind.

import { claims, ownerLives, signalQuietly, sweep } from '../../topologies/substrates/local/ownership.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { ending, type Command } from './command.ts'

const patienceMs = 15_000

export const downCommand: Command = {
  name: 'down',
  add(program, end) {
    program.command('down')
      .description('end topologies that `regatta up` holds, and remove what dead runs left')
      .argument('[run]', 'one of them; default: all that are held up')
      .option('--stale', 'only remove what dead runs left')
      .option('--all', 'end running drills too')
      .action(ending(end, async (run: string | undefined, { stale, all }: { stale?: boolean; all?: boolean }) => {
        for (const { run: name, killed, removed } of sweep()) {
          process.stdout.write(`${name}: its owner is dead; ended ${killed.length} processes, removed ${removed.length} folders\n`)
        }
        if (stale) return ExitCode.pass
        const living = claims().filter((claim) => ownerLives(claim) && (run === undefined ? all || claim.control !== null : claim.run === run))
        for (const claim of living) signalQuietly(claim.owner.pid, 'SIGTERM')
        const left = await gone(living.map((claim) => claim.run))
        for (const claim of living) process.stdout.write(`${claim.run}: ${left.includes(claim.run) ? 'still ending' : 'down'}\n`)
        if (living.length === 0) process.stdout.write('nothing is up\n')
        return left.length === 0 ? ExitCode.pass : ExitCode.toolFailed
      }))
  },
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
