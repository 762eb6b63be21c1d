// The container daemon by the `docker` command: it knows contexts, remote hosts and credentials, and kind needs it
// anyway. Every call has an end; what a call finds done already is no error.

import { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import { openCensus } from './census.ts'
import { dockerCommand, labelArguments, type DockerCommandOptions } from './command.ts'
import { removeContainer, startContainer } from './container.ts'
import type { DockerDaemon } from './docker.ts'
import { follow } from './follow.ts'
import { openImages } from './images.ts'
import { info } from './info.ts'

const answerWithinMs = 5_000
const actWithinMs = 30_000
const removeWithinMs = 60_000
const programWithinMs = 60_000
/** A freezer that has to catch a hundred processes at once gives up where these are busy, and leaves them running. */
const cannotFreeze = /unable to freeze|freez(e|er).*(failed|timeout)/i
const freezeTries = 8

export interface DockerOptions extends DockerCommandOptions {
  /** Ends what makes or waits; removals go on, because they come after it. */
  signal?: AbortSignal
}

export function openDocker({ signal, ...options }: DockerOptions): DockerDaemon {
  const docker = dockerCommand(options)
  const act = (what: string, args: string[], done: RegExp): Promise<unknown> => docker.askUnless(done, args, { what, timeoutMs: actWithinMs, signal })
  const remove = (container: string): Promise<void> => removeContainer(docker, container)
  const census = openCensus(docker)
  return {
    ...openImages(docker, signal),
    ...census,
    info: () => info(docker, signal),
    async createNetwork(name, labels) {
      await docker.ask(['network', 'create', ...labelArguments(labels), name], {
        what: `make the network ${name}`, timeoutMs: actWithinMs, signal, hint: 'where no address range is left, unused networks go with: docker network prune',
      })
    },
    networkExists: async (name) => await docker.askUnless(/not found|no such network/i, ['network', 'inspect', '--format', '{{.Name}}', name], {
      what: `look for the network ${name}`, timeoutMs: answerWithinMs, signal,
    }) !== null,
    async removeNetwork(name) {
      await docker.askUnless(/not found|no such network/i, ['network', 'rm', name], { what: `remove the network ${name}`, timeoutMs: removeWithinMs })
    },
    async run(spec) {
      try {
        await startContainer(docker, spec, signal)
      } catch (error) {
        // Another's container of that name is not ours to remove.
        if (!/is already in use by container/.test(String((error as { details?: { found?: string } }).details?.found))) await remove(spec.name)
        throw error
      }
    },
    async addressOf(container, network) {
      const said = await docker.ask(['inspect', '--type', 'container', '--format', '{{json .NetworkSettings.Networks}}', container], { what: `look at container ${container}`, timeoutMs: answerWithinMs, signal })
      const address = (JSON.parse(said) as Record<string, { IPAddress: string }>)[network]?.IPAddress ?? ''
      if (address !== '') return address
      throw topologyError('RGT_DOCKER', `container ${container} has no address on the network ${network}`, {
        expected: 'a running container on that network', found: said.trim().slice(0, 300), hint: `see why it ended: docker logs ${container}`,
      })
    },
    pause: (container) => frozen(() => act(`pause container ${container}`, ['pause', container], /already paused/i)),
    unpause: async (container) => void await act(`resume container ${container}`, ['unpause', container], /is not (paused|running)/i),
    kill: async (container) => void await act(`kill container ${container}`, ['kill', '--signal', 'KILL', container], /is not running/i),
    start: async (container) => void await act(`start container ${container}`, ['start', container], /already started/i),
    remove,
    exec: (container, command) => docker.ask(['exec', container, ...command], { what: `run ${command[0]} in container ${container}`, timeoutMs: programWithinMs, signal }),
    follow: (container, line) => follow(docker, container, line),
  }
}

/** Pausing again is what helps. Throws what the daemon said last. */
async function frozen(pause: () => Promise<unknown>): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await pause()
      return
    } catch (error) {
      if (tried === freezeTries || !(error instanceof CodedError) || !cannotFreeze.test(error.details.found ?? '')) throw error
    }
  }
}
