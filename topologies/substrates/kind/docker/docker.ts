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
  /** Every line of standard output from the first on, until `stop` or the container's end. */
  follow(container: string, line: (line: string) => void): Following
  /** Names with this label. */
  containers(label: string): Promise<string[]>
}

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
  /** Standard input stays open, because our programs end when it closes. */
  keepInput: boolean
  memoryBytes?: number
}

export interface Following {
  stop(): void
  /** Resolves when nothing more will come. */
  ended: Promise<void>
}
