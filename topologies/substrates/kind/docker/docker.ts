// The port to a container daemon: only what this substrate needs, so that tests can stand in for it. cli.ts
// implements it with the `docker` command, which kind needs as well.

export interface Docker {
  /** Throws RGT_DOCKER when no daemon answers within a bounded time. */
  info(): Promise<DockerInfo>
  imageExists(tag: string): Promise<boolean>
  /** Builds a folder that holds a Dockerfile. Throws RGT_IMAGE with the last words of the build. */
  buildImage(build: { tag: string; folder: string; arguments: Record<string, string>; labels: Record<string, string> }): Promise<void>
  /** Idempotent, like every removal here. */
  removeImage(tag: string): Promise<void>
  createNetwork(name: string, labels: Record<string, string>): Promise<void>
  networkExists(name: string): Promise<boolean>
  removeNetwork(name: string): Promise<void>
  /** Made, given its files, and started. Throws RGT_DOCKER. */
  run(container: ContainerSpec): Promise<void>
  /** Address of a container on a network. */
  addressOf(container: string, network: string): Promise<string>
  pause(container: string): Promise<void>
  unpause(container: string): Promise<void>
  /** SIGKILL; `start` brings it back with its files. */
  kill(container: string): Promise<void>
  start(container: string): Promise<void>
  /** Whatever its state: running, paused, dead. */
  remove(container: string): Promise<void>
  /** Runs a program inside; gives its standard output. Throws RGT_DOCKER with its standard error when it fails. */
  exec(container: string, command: string[]): Promise<string>
  /** Every line of standard output from the first on, each once, until `stop` or the container's end. */
  follow(container: string, line: (line: string) => void): Following
  /** Names with this label. */
  containers(label: string): Promise<string[]>
}

/** What images need beside running: making the testbed's own. */
export interface DockerImages {
  /** Opaque; equal for equal images. null when there is none of that name. */
  imageId(tag: string): Promise<string | null>
  /** Throws RGT_IMAGE when no registry gives it within a bounded time. */
  pullImage(tag: string): Promise<void>
  /** Newest first. */
  images(label: string): Promise<{ tag: string; labels: Record<string, string> }[]>
  /** Runs a program of an image to its end, without a network; gives its output. Files are executable. Throws RGT_IMAGE with its last words. */
  tryProgram(image: string, command: string[], files?: Record<string, Uint8Array>): Promise<string>
}

/** What is there and whose it is, so that what dead runners left is found. */
export interface DockerCensus {
  labelledContainers(label: string): Promise<Labelled[]>
  labelledNetworks(label: string): Promise<Labelled[]>
  /** Containers on a network, whatever their state. */
  attached(network: string): Promise<Labelled[]>
  /** What a container wrote to standard error last. */
  lastWords(container: string): Promise<string>
}

export interface Labelled { name: string; labels: Record<string, string> }

/** All that a real daemon gives. */
export interface DockerDaemon extends Docker, DockerImages, DockerCensus {}

export interface DockerInfo { version: string; memoryBytes: number; cpus: number }

export interface ContainerSpec {
  name: string
  image: string
  network: string
  /** Replaces the image's own. */
  command: string[]
  labels: Record<string, string>
  /** Published on 127.0.0.1 only: port inside → port of this machine. */
  publish: { inside: number; port: number }[]
  /** Absolute path inside → content; readable by the container's user only. */
  files: Record<string, string>
  /** Folders that the container's user may write, kept through `kill` and `start`; not below the root itself. Else only /tmp, in memory, is written. */
  state?: string[]
  /** Settings of the kernel for its network namespace: `net.ipv4.…`. */
  sysctls?: Record<string, string>
  /** Added to what the image sets. */
  environment?: Record<string, string>
  /** Standard input stays open, because our programs end when it closes. */
  keepInput: boolean
  memoryBytes?: number
}

export interface Following {
  stop(): void
  /** Resolves when nothing more will come. */
  ended: Promise<void>
}
