// `regatta down`: end topologies that are held up, and remove what dead runs left behind, on this machine, in Docker and
// in clusters.

import { claims, ownerLives, reachesFurther, signalQuietly } from '../../topologies/substrates/sockets/ownership.ts'
import type { SweptEverywhere } from '../../topologies/substrates/kind/leftovers.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { explicitTools } from '../environment.ts'
import { commandError } from '../errors.ts'
import { ending, type Command } from './command.ts'

interface DownOptions { stale?: boolean; all?: boolean; json?: boolean }
/** One document a run. */
interface Ended {
  run: string
  state: 'down' | 'still ending' | 'swept' | 'left'
  processes?: string[]
  folders?: string[]
  containers?: string[]
  clusters?: string[]
  networks?: string[]
  namespaces?: string[]
  /** Why something is left. */
  reason?: string
}

const patienceMs = 15_000
/** Clusters and namespaces take longer to remove than processes to end. */
const clusterPatienceMs = 120_000

export const downCommand: Command = {
  name: 'down',
  add(program, end) {
    program.command('down')
      .description('end topologies that `regatta up` holds, and remove what dead runs left')
      .argument('[run]', 'one of them; default: all that are held up')
      .option('--stale', 'only remove what dead runs left')
      .option('--all', 'end running drills too; they heal and tear down first. Remove old images')
      .option('--json', 'one JSON document a run')
      .addHelpText('after', `
Examples:
  regatta down                       end what \`regatta up\` holds
  regatta down --stale               after a crash or SIGKILL: end processes; remove folders, containers, clusters,
                                     networks and namespaces without an owner
  regatta down --all                 end everything of this user

Exit codes: 0 done (also when there was nothing to do), 3 no such run, 4 something did not end within
${patienceMs / 1000} s (on clusters ${clusterPatienceMs / 1000} s) or could not be removed.`)
      .action(ending(end, down))
  },
}

async function down(run: string | undefined, options: DownOptions): Promise<number> {
  const { sentence, sweepEverything } = await import('../../topologies/substrates/kind/leftovers.ts')
  const write = (ended: Ended, text: string): void => void process.stdout.write(options.json ? `${JSON.stringify(ended)}\n` : `${text}\n`)
  const docker = { command: explicitTools().docker ?? 'docker', host: null }
  const swept = await sweepEverything({ docker })
  for (const one of swept) write(documentOf(one), sentence(one))
  const isLeft = swept.some(({ left }) => left !== null)
  if (options.stale) return isLeft ? ExitCode.toolFailed : ExitCode.pass
  const living = chosen(run, options.all ?? false)
  for (const claim of living) signalQuietly(claim.owner.pid, 'SIGTERM')
  const still = await gone(living.map((claim) => claim.run), living.some(reachesFurther) ? clusterPatienceMs : patienceMs)
  for (const claim of living) {
    const state = still.includes(claim.run) ? 'still ending' : 'down'
    write({ run: claim.run, state }, `${claim.run}: ${state}`)
  }
  if (options.all) await removeOldImages(docker)
  if (living.length === 0 && !options.json) process.stdout.write('nothing is up\n')
  return still.length === 0 && !isLeft ? ExitCode.pass : ExitCode.toolFailed
}

function documentOf({ run, killed, removed, containers, clusters, networks, namespaces, left }: SweptEverywhere): Ended {
  return {
    run, state: left === null ? 'swept' : 'left', processes: killed, folders: removed, containers, clusters, networks, namespaces,
    ...(left === null ? {} : { reason: left }),
  }
}

function chosen(run: string | undefined, all: boolean): ReturnType<typeof claims> {
  const living = claims().filter(ownerLives)
  if (run === undefined) return living.filter((claim) => all || claim.control !== null)
  const named = living.filter((claim) => claim.run === run)
  if (named.length > 0) return named
  throw commandError(`no run \`${run}\` is up`, { expected: living.map((claim) => claim.run).join(', ') || 'a run (none is up)', found: run })
}

async function gone(runs: string[], patience: number): Promise<string[]> {
  let left = runs
  for (let waitedMs = 0; waitedMs < patience && left.length > 0; waitedMs += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const here = new Set(claims().map(({ run }) => run))
    left = left.filter((run) => here.has(run))
  }
  return left
}

/** The two newest of each stay: they are a cache. Without Docker there are none. */
async function removeOldImages(way: { command: string; host: null }): Promise<void> {
  const { openDocker } = await import('../../topologies/substrates/kind/docker/cli.ts')
  const { pruneImages } = await import('../../topologies/substrates/kind/images/prune.ts')
  const removed = await pruneImages(openDocker(way)).catch(() => [])
  if (removed.length > 0) process.stderr.write(`removed ${removed.length} old images: ${removed.join(', ')}\n`)
}
