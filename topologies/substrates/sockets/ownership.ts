// Who owns what on this machine. Every run has a claim: a file that names its owner (pid, start time, boot
// id) and everything it started or made. A claim whose owner is dead is swept by the next start, so a runner
// killed with SIGKILL leaves nothing behind for long, and runs beside each other never meet.

import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { topologyError } from '../../errors.ts'

/** A process by more than its number, which the kernel hands out again. */
export interface ProcessIdentity { pid: number; /** opaque; equal for the same process only */ startTime: string }

export interface ClaimDocument {
  run: string
  owner: ProcessIdentity
  bootId: string
  processes: (ProcessIdentity & { name: string })[]
  folders: string[]
  /** Folder of the bundles that its processes start from; nobody removes it while the owner lives. */
  programs?: string
  ports: { from: number; to: number }
  /** Control address of a topology that is held up, with the token to use it. The file is readable by its user only. */
  control: { port: number; token: string; topology: string } | null
  /** Noted before each is made. */
  docker?: DockerParts
  /** In clusters that were there before; noted before they are made. */
  namespaces?: { kubeconfig: string; context: string; names: string[]; crds?: string[] }[]
}

/** What a run has in a container daemon, and how it is reached: as DOCKER_HOST, the docker command, and kind. */
export interface DockerParts {
  host: string | null
  command: string
  kind: string
  clusters: string[]
  containers: string[]
  networks: string[]
}

export interface Claim {
  readonly document: ClaimDocument
  /** Changes the document and writes it at once. */
  update(change: (document: ClaimDocument) => void): void
  release(): void
}

export interface Swept { run: string; killed: string[]; removed: string[] }

/** Claims that this process holds. */
const held = new Map<string, Claim>()

const home = join(tmpdir(), `regatta-${userInfo().uid}`)
const folder = join(home, 'claims')

export const claimFile = (run: string): string => join(folder, `${run}.json`)

/** The temporary folder is everybody's: claims that another user laid there would have us end and remove what they like. */
function isOurs(): boolean {
  const found = lstatSync(home, { throwIfNoEntry: false })
  const { uid } = userInfo()
  return found !== undefined && found.isDirectory() && (uid === -1 || found.uid === uid)
}

/** Throws RGT_SUBSTRATE_START when the folder of claims is not this user's. */
export function claimRun(run: string): Claim {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!isOurs()) throw topologyError('RGT_SUBSTRATE_START', `the folder ${home} belongs to somebody else`, { hint: 'remove it, or set TMPDIR to a folder of your own' })
  const file = claimFile(run)
  const document: ClaimDocument = {
    run, owner: identify(process.pid) ?? { pid: process.pid, startTime: '' }, bootId: bootId(),
    processes: [], folders: [], ports: { from: 0, to: 0 }, control: null,
  }
  const write = (): void => {
    writeFileSync(`${file}.new`, JSON.stringify(document), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  write()
  const claim: Claim = {
    document,
    update(change) {
      change(document)
      write()
    },
    release() {
      held.delete(run)
      rmSync(file, { force: true })
    },
  }
  held.set(run, claim)
  return claim
}

/** Tells others of this user where the topology that this process holds up can be spoken to. */
export function announceControl(control: ClaimDocument['control']): void {
  for (const claim of held.values()) claim.update((document) => { document.control = control })
}

export function claims(): ClaimDocument[] {
  if (!isOurs()) return []
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as ClaimDocument]
    } catch {
      return []
    }
  })
}

export function ownerLives(claim: ClaimDocument): boolean {
  return claim.bootId === bootId() && isSame(claim.owner)
}

/** Notes in a claim what is about to be made in a container daemon. */
export function noteDocker(claim: Claim, way: Pick<DockerParts, 'host' | 'command' | 'kind'>): (part: 'clusters' | 'containers' | 'networks', name: string) => void {
  return (part, name) => claim.update((document) => {
    document.docker ??= { ...way, clusters: [], containers: [], networks: [] }
    if (!document.docker[part].includes(name)) document.docker[part].push(name)
  })
}

/**
 * Ends the processes and removes the folders of every claim whose owner is dead; also of `run` when given. A claim that
 * has parts in Docker or in clusters is left whole: it alone knows them (kind/leftovers.ts removes these too).
 */
export function sweep(run?: string): Swept[] {
  return claims()
    .filter((claim) => (claim.run === run || !ownerLives(claim)) && !reachesFurther(claim))
    .map((claim) => {
      const swept = sweepMachine(claim)
      forget(claim)
      return swept
    })
}

/** Whether a run made things that outlive processes and folders. */
export function reachesFurther({ docker, namespaces = [] }: ClaimDocument): boolean {
  return namespaces.length > 0 || (docker !== undefined && docker.clusters.length + docker.containers.length + docker.networks.length > 0)
}

export function removeFolders({ folders }: ClaimDocument): void {
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
}

/** What a claim has on this machine by itself: ends its processes, removes its folders. The claim stays. */
export function sweepMachine(claim: ClaimDocument): Swept {
  const sameBoot = claim.bootId === bootId()
  const killed = sameBoot ? claim.processes.filter(isSame) : []
  for (const { pid } of killed) endGroup(pid)
  // What was killed a moment ago may still be writing there.
  removeFolders(claim)
  return { run: claim.run, killed: killed.map(({ name }) => name), removed: claim.folders }
}

export function forget({ run }: Pick<ClaimDocument, 'run'>): void {
  rmSync(claimFile(run), { force: true })
}

/** On what a run makes elsewhere: found when its claim is gone, and told from what others make there. */
export const ownerLabel = 'regatta.dev/owner'

/** One daemon may serve several users, machines and containers, whose process numbers mean nothing to each other. */
interface LabelledOwner extends ProcessIdentity { uid: number; bootId: string; pidSpace: string }

export function ownerLabels(claim: Claim): Record<string, string> {
  const { owner, bootId } = claim.document
  const label: LabelledOwner = { ...owner, uid: userInfo().uid, bootId, pidSpace: pidSpace() }
  return { [ownerLabel]: JSON.stringify(label) }
}

/** `dead` only of a process of this user, this boot and this space of process numbers; of others nothing is known. */
export function stateOfOwner(label: string | undefined): 'alive' | 'dead' | 'unknown' {
  try {
    const owner = JSON.parse(label ?? '') as LabelledOwner
    if (owner.uid !== userInfo().uid || owner.bootId !== bootId() || owner.pidSpace !== pidSpace()) return 'unknown'
    return isSame(owner) ? 'alive' : 'dead'
  } catch {
    return 'unknown'
  }
}

function pidSpace(): string {
  return process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : process.platform
}

/** Each process of a run leads a group of its own, so what a foreign tool started goes with it. */
function endGroup(pid: number): void {
  if (!signalQuietly(-pid, 'SIGKILL')) signalQuietly(pid, 'SIGKILL')
}

export function signalQuietly(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

export function identify(pid: number): ProcessIdentity | null {
  try {
    if (process.platform === 'linux') {
      const fields = statOf(pid)
      return fields[0] === 'Z' ? null : { pid, startTime: fields[19] }
    }
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return started === '' ? null : { pid, startTime: started }
  } catch {
    return null
  }
}

/** Processor time since its start, microseconds; null where this system does not tell, or there is no such process. */
export function processorUs(pid: number): number | null {
  if (process.platform !== 'linux') return null
  try {
    const fields = statOf(pid)
    return (Number(fields[11]) + Number(fields[12])) * tickUs
  } catch {
    return null
  }
}

/** User and kernel time are told in hundredths of a second (USER_HZ, proc(5)). */
const tickUs = 10_000

/** Fields of proc(5) stat from the third on; the command in the second may hold spaces, so they are counted from its closing bracket. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function isSame(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime
}

let knownBootId: string | undefined
function bootId(): string {
  knownBootId ??= process.platform === 'linux'
    ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    : execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim()
  return knownBootId
}
