// What every pod and edge of a run tells, followed line by line into the history. A process of a region is its part's
// name and the region's, whichever pod it runs in: `gateway/eu-west`.

import type { RegionApi } from './api/api.ts'
import type { Docker } from './docker/docker.ts'
import type { EdgePlan } from './layout.ts'
import { partLabel, type RegionPlan } from './manifests/region.ts'

export interface Followed {
  /** How often a process has said that it is ready. */
  readies(process: string): number
  region(plan: RegionPlan, api: RegionApi): void
  edge(plan: EdgePlan, docker: Docker): void
  /** Follows no more. Idempotent. */
  stop(): void
}

const saysReady = (line: string): boolean => line.startsWith('["event",') && line.includes('"kind":"ready"')

export function openFollowing(line: (process: string, line: string) => void, ready: (process: string) => void): Followed {
  const counts = new Map<string, number>()
  const following: { stop(): void }[] = []
  const hear = (process: string, said: string): void => {
    if (saysReady(said)) {
      counts.set(process, (counts.get(process) ?? 0) + 1)
      ready(process)
    }
    line(process, said)
  }
  return {
    readies: (process) => counts.get(process) ?? 0,
    region({ region, namespaces, services }, api) {
      const follow = (part: string, namespace: string): void => {
        following.push(api.follow({ namespace, labels: { [partLabel]: part } }, (_, said) => hear(`${part}/${region}`, said)))
      }
      follow('gateway', namespaces.system)
      follow('control-plane', namespaces.system)
      for (const namespace of new Set(services.map(({ configNamespace }) => namespaces.ofConfig[configNamespace]))) follow('services', namespace)
    },
    edge({ name, container }, docker) {
      following.push(docker.follow(container, (said) => hear(`edge/${name}`, said)))
    },
    stop() {
      for (const one of following.splice(0)) one.stop()
    },
  }
}
