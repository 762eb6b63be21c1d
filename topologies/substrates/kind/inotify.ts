// Linux bounds how many inotify instances a user may hold, and everything in a node belongs to one user. Without one
// kube-proxy, or the kubelet, ends again and again, and the cluster looks ready while nothing answers.

import { readFile } from 'node:fs/promises'
import { topologyError } from '../../errors.ts'

/** Counted in /proc/PID/fd of a node with our pods (Kubernetes 1.34). */
const instancesACluster = 28

/** Of this machine; null where it has no such bound. */
export async function inotifyInstances(file = '/proc/sys/fs/inotify/max_user_instances'): Promise<number | null> {
  const most = Number(await readFile(file, 'utf8').catch(() => Number.NaN))
  return Number.isFinite(most) ? most : null
}

/** Throws RGT_CLUSTER. */
export function refuseTooFewInstances(clusters: number, most: number | null): void {
  const needed = clusters * instancesACluster
  if (most === null || most >= needed) return
  throw topologyError('RGT_CLUSTER', `${clusters} clusters need more inotify instances than a user may have here`, {
    expected: `${needed}: ${instancesACluster} a cluster`, found: `fs.inotify.max_user_instances = ${most}`,
    hint: `sudo sysctl fs.inotify.max_user_instances=${Math.max(512, 2 * needed)}`,
  })
}
