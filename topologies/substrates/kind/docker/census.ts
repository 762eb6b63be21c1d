// What is there, and whose: containers and networks with their labels, one by one, because each may go meanwhile.

import { lastWords, type DockerCommand } from './command.ts'
import type { DockerCensus, DockerDaemon, Labelled } from './docker.ts'

const answerWithinMs = 5_000

export function openCensus(docker: DockerCommand): DockerCensus & Pick<DockerDaemon, 'containers'> {
  return {
    // Names alone: one that is being made is listed before it can be inspected.
    containers: (label) => names(docker, all(`label=${label}`)),
    labelledContainers: (label) => containers(docker, `label=${label}`),
    attached: (network) => containers(docker, `network=${network}`),
    labelledNetworks: async (label) => labelled(docker, await names(docker, ['network', 'ls', '--filter', `label=${label}`, '--format', '{{.Name}}']),
      ['network', 'inspect', '--format', '{{json .Labels}}']),
    async lastWords(container) {
      const { stderr } = await docker.hear(['logs', '--tail', '200', container], { what: `read what container ${container} wrote`, timeoutMs: answerWithinMs })
      return lastWords(stderr)
    },
  }
}

async function containers(docker: DockerCommand, filter: string): Promise<Labelled[]> {
  return labelled(docker, await names(docker, all(filter)), ['inspect', '--type', 'container', '--format', '{{json .Config.Labels}}'])
}

const all = (filter: string): string[] => ['ps', '--all', '--filter', filter, '--format', '{{.Names}}']

async function names(docker: DockerCommand, list: string[]): Promise<string[]> {
  const said = await docker.ask(list, { what: 'list what there is', timeoutMs: answerWithinMs })
  return said.split('\n').filter((name) => name !== '')
}

/** Asked by inspection: lists give labels as one text, in which a comma may be anybody's. */
async function labelled(docker: DockerCommand, found: string[], inspect: string[]): Promise<Labelled[]> {
  const all = await Promise.all(found.map(async (name): Promise<Labelled[]> => {
    const said = await docker.askUnless(/no such|not found/i, [...inspect, name], { what: `look at ${name}`, timeoutMs: answerWithinMs })
    return said === null ? [] : [{ name, labels: (JSON.parse(said) as Record<string, string> | null) ?? {} }]
  }))
  return all.flat()
}
