// The commands that clusters need: docker always, kind where clusters are made. An explicit path, PATH, and for kind a
// pinned version that is fetched, as for every tool.

import type { Inventory, StartRequest } from '../../substrate.ts'
import { findTool, requireTool } from '../../tools/index.ts'
import { openDocker } from './docker/cli.ts'
import type { Clusters } from './docker/clusters.ts'
import type { DockerDaemon } from './docker/docker.ts'
import { openClusters } from './docker/kind-cli.ts'

export interface Commands {
  docker: DockerDaemon
  /** null where kind is neither needed nor there. */
  clusters: Clusters | null
  /** As in the claim, for whoever cleans up. */
  way: { host: string | null; command: string; kind: string }
}

export interface CommandsRequest {
  request: Pick<StartRequest, 'tools' | 'options' | 'signal' | 'progress'>
  inventory: Inventory
  /** Whether clusters are made. */
  needsKind: boolean
  /** kind itself, while it runs. */
  started?(pid: number, name: string): void
}

/** Throws RGT_TOOL_MISSING, RGT_TOOL_INSTALL or RGT_TOOL_VERSION; RGT_DOCKER when no daemon answers. */
export async function findCommands({ request: { tools, options, signal, progress }, inventory, needsKind, started }: CommandsRequest): Promise<Commands> {
  const look = (name: string, policy = tools): ReturnType<typeof findTool> => findTool(name, policy, { signal, progress: (text) => progress('tools', `${name}: ${text}`) })
  const { path: command, ...docker } = requireTool(await look('docker'))
  inventory.tools.docker = { version: docker.version, origin: docker.origin }
  const host = options.clusters?.dockerHost ?? null
  const daemon = openDocker({ command, host, signal })
  // Before kind is fetched: without a daemon it would be of no use.
  inventory.tools.docker.version = (await daemon.info()).version
  const found = await look('kind', needsKind ? tools : { ...tools, allowInstall: false })
  const kind = needsKind ? requireTool(found) : 'path' in found ? found : null
  if (kind === null) return { docker: daemon, clusters: null, way: { host, command, kind: '' } }
  inventory.tools.kind = { version: kind.version, origin: kind.origin }
  const clusters = await openClusters({ command: kind.path, docker: daemon, dockerCommand: command, host, started })
  return { docker: daemon, clusters, way: { host, command, kind: kind.path } }
}
