// What is done to the machines of a region, and to containers inside them, from outside: through the container
// daemon, because the API server is one of the things that break.

import { topologyError } from '../../errors.ts'
import type { Docker } from './docker/docker.ts'

export interface Nodes {
  /** Frozen whole: the kernel accepts connections, nobody answers. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Off the network, with everything running on. */
  disconnect(): Promise<void>
  connect(): Promise<void>
  /** SIGKILL to everything. */
  kill(): Promise<void>
  start(): Promise<void>
  /** A signal to every running container of that name in pods. Throws RGT_UNSUPPORTED when there is none. */
  signal(containers: ContainerQuery, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): Promise<void>
  /** A program in a container of a pod, as the pod's own; gives its standard output. Throws RGT_UNSUPPORTED, RGT_DOCKER. */
  run(container: ContainerQuery, command: string[]): Promise<string>
  /** A program on every node. Throws RGT_DOCKER with what it said. */
  exec(command: string[]): Promise<void>
  /** Share of packets lost, 0 to 1; null takes it away. */
  lose(share: number | null): Promise<void>
  /** Whether the kernel knows netem; asked once. */
  canLose(): Promise<boolean>
}

/** Container name as in the pod's specification, the pod's namespace, and which pod, where there are several. */
export interface ContainerQuery { container: string; namespace: string; pod?: string }

const device = 'eth0'

export function openNodes(docker: Docker, region: string, names: readonly string[]): Nodes {
  const each = async (work: (node: string) => Promise<unknown>): Promise<void> => void await Promise.all(names.map(work))
  const ctr = (node: string, ...argv: string[]): Promise<string> => docker.exec(node, ['ctr', '-n', 'k8s.io', ...argv])
  let programs = 0
  let knowsNetem: Promise<boolean> | undefined

  /** Containers of pods that run; those of earlier lives of a pod are known to containerd too. */
  const running = async (node: string, { container, namespace, pod }: ContainerQuery): Promise<string[]> => {
    const [known, tasks] = await Promise.all([
      ctr(node, 'containers', 'ls', '-q', `labels."io.kubernetes.container.name"==${container},labels."io.kubernetes.pod.namespace"==${namespace}${pod === undefined ? '' : `,labels."io.kubernetes.pod.name"==${pod}`}`),
      ctr(node, 'tasks', 'ls'),
    ])
    const alive = new Set(tasks.split('\n').map((line) => line.trim().split(/\s+/)).filter(([, , state]) => state === 'RUNNING' || state === 'PAUSED').map(([id]) => id))
    return known.split('\n').map((id) => id.trim()).filter((id) => alive.has(id))
  }

  return {
    freeze: () => each((node) => docker.pause(node)),
    thaw: () => each((node) => docker.unpause(node)),
    kill: () => each((node) => docker.kill(node)),
    start: () => each((node) => docker.start(node)),
    // Taking the device down forgets its routes, so what is dropped is dropped by the packet filter.
    disconnect: () => each((node) => docker.exec(node, ['sh', '-c', filter('-I')])),
    connect: () => each((node) => docker.exec(node, ['sh', '-c', filter('-D')])),
    async signal(query, signal) {
      let hit = 0
      await each(async (node) => {
        const ids = await running(node, query)
        hit += ids.length
        await Promise.all(ids.map((id) => ctr(node, 'tasks', 'kill', '-s', signal, id)))
      })
      if (hit > 0) return
      throw topologyError('RGT_UNSUPPORTED', `no container ${query.container} of namespace ${query.namespace} runs in ${region}`, {
        expected: 'at least one to send a signal to', hint: 'it may be starting again just now',
      })
    },
    async run(query, command) {
      for (const node of names) {
        const [id] = await running(node, query)
        if (id !== undefined) return ctr(node, 'tasks', 'exec', '--exec-id', `regatta-${programs++}`, id, ...command)
      }
      throw topologyError('RGT_UNSUPPORTED', `no container ${query.container} of namespace ${query.namespace} runs in ${region}`, { expected: 'one to run a program in', found: query.pod ?? 'none' })
    },
    exec: (command) => each((node) => docker.exec(node, command)),
    lose: (share) => each((node) => share === null
      ? docker.exec(node, ['tc', 'qdisc', 'del', 'dev', device, 'root'])
      : docker.exec(node, ['tc', 'qdisc', 'replace', 'dev', device, 'root', 'netem', 'loss', `${share * 100}%`])),
    canLose() {
      knowsNetem ??= docker.exec(names[0], ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'loss', '0%'])
        .then(() => docker.exec(names[0], ['tc', 'qdisc', 'del', 'dev', 'lo', 'root'])).then(() => true, () => false)
      return knowsNetem
    },
  }
}

const filter = (action: '-I' | '-D'): string => ['INPUT', 'FORWARD'].map((chain) => `iptables -w 5 ${action} ${chain} -i ${device} -j DROP`)
  .concat(['OUTPUT', 'FORWARD'].map((chain) => `iptables -w 5 ${action} ${chain} -o ${device} -j DROP`)).join(' && ')
