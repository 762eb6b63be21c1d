// Where clusters come from, as typed and as the environment says: what `run`, `up` and `parity` pass on to `kind`.

import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { parse } from 'yaml'
import { formatDuration, parseDurationUs } from '../gateway/config/duration.ts'
import { CodedError } from '../gateway/errors.ts'
import type { ClusterOptions, MeshInstall } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import { clusterEnvironment, type MeshEnvironment } from './environment.ts'
import { commandError } from './errors.ts'

export interface TypedClusters {
  contexts?: Record<string, string>
  kubeconfig?: string
  network?: string
  loadIn?: string
  parallelism?: number
  /** Milliseconds. */
  readyWithin?: number
  meshHub?: string
  meshTag?: string
  meshCharts?: string
  meshValues?: string
}

export function withClusterOptions(command: Command): Command {
  return command
    .option('--contexts <list>', 'with --on kind: existing clusters, as eu-west=CONTEXT,us-east=CONTEXT', contexts)
    .option('--kubeconfig <file>', 'of --contexts; default: KUBECONFIG, then ~/.kube/config')
    .option('--network <name>', 'of --contexts: Docker network from which their nodes are reached; default: kind')
    .option('--load-in <context>', 'play the offered load inside this context by k6-operator')
    .option('--parallelism <n>', 'runner pods of --load-in', pods)
    .option('--ready-within <duration>', 'how long a cluster, and then its workloads, may take; default: 3m', readyWithin)
    .option('--mesh-hub <hub>', 'with --on kind: take the mesh\'s images from here; what this machine\'s Docker has is loaded into the clusters')
    .option('--mesh-tag <tag>', 'tag of the mesh\'s images')
    .option('--mesh-charts <dir>', 'folder of the mesh\'s charts, laid out as in its sources; default: its official charts')
    .option('--mesh-values <file>', 'YAML of values put over those of the mesh\'s control plane')
}

/** `region=context,…` */
export function contexts(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.trim()).filter((pair) => pair !== '').map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1 || at === pair.length - 1) throw new InvalidArgumentError(`expected region=context, found \`${pair}\``)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  const regions = pairs.map(([region]) => region)
  const twice = regions.find((region, at) => regions.indexOf(region) !== at)
  if (twice !== undefined) throw new InvalidArgumentError(`region ${twice} is named twice`)
  if (pairs.length === 0) throw new InvalidArgumentError('expected region=context, found nothing')
  return Object.fromEntries(pairs)
}

function pods(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text)
  throw new InvalidArgumentError(`expected 1 to 99, found \`${text}\``)
}

function readyWithin(text: string): number {
  try {
    const ms = parseDurationUs(text) / 1000
    if (ms >= 1000) return ms
  } catch { /* said below */ }
  throw new InvalidArgumentError(`expected 1s or more, as 90s or 5m, found \`${text}\``)
}

/** Throws RGT_COMMAND_USAGE when contexts and regions do not match, or options of existing clusters stand alone. */
export function clustersFor(typed: TypedClusters, on: readonly string[], topology: Topology): ClusterOptions {
  const { contexts: given, network, loadIn, parallelism, readyWithin, meshHub, meshTag, meshCharts, meshValues } = typed
  const asked = [
    given && '--contexts', network && '--network', loadIn && '--load-in', readyWithin && '--ready-within',
    meshHub && '--mesh-hub', meshTag && '--mesh-tag', meshCharts && '--mesh-charts', meshValues && '--mesh-values',
  ].filter((name) => typeof name === 'string')
  if (asked.length > 0 && !on.includes('kind')) throw usage(`${asked[0]} is about clusters`, '--on kind', `--on ${on.join(',')}`)
  if (given === undefined && (network ?? loadIn) !== undefined) throw usage(`${asked[0]} is about existing clusters`, '--contexts beside it', 'none')
  if (given !== undefined) {
    const regions = topology.regions.map(({ name }) => name)
    const strange = Object.keys(given).find((region) => !regions.includes(region))
    const missing = regions.filter((region) => !(region in given))
    if (strange !== undefined) throw usage(`topology ${topology.name} has no region \`${strange}\``, `regions ${regions.join(', ')}`, strange)
    if (missing.length > 0) throw usage(`regions of ${topology.name} have no context`, `one for each of ${regions.join(', ')}`, `none for ${missing.join(', ')}`)
    const names = Object.values(given)
    if (new Set(names).size < names.length) throw usage('two regions are one cluster', 'a context of its own for each', names.join(', '))
  }
  const { kubeconfig, mesh, ...environment } = clusterEnvironment()
  const install = installOf(typed, mesh)
  return {
    ...environment,
    ...(install === undefined ? {} : { mesh: install }),
    ...(given === undefined ? {} : { contexts: given, kubeconfig: typed.kubeconfig ?? kubeconfig ?? join(homedir(), '.kube', 'config') }),
    ...(readyWithin === undefined ? {} : { readyTimeoutMs: readyWithin }),
    ...(network === undefined ? {} : { network }),
    ...(loadIn === undefined ? {} : { loadContext: loadIn, parallelism: parallelism ?? 1 }),
  }
}

/** What was typed, else what the environment says. Throws RGT_COMMAND_USAGE for a folder that is none and values that are no mapping. */
function installOf({ meshHub: hub, meshTag: tag, meshCharts, meshValues }: TypedClusters, environment: MeshEnvironment = {}): MeshInstall | undefined {
  const { values: file, charts: dir, ...rest } = { ...environment, ...given({ hub, tag, charts: meshCharts, values: meshValues }) }
  if (dir !== undefined && statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) throw usage('the charts of the mesh cannot be read', 'a folder', dir)
  const install = { ...rest, ...(dir === undefined ? {} : { charts: resolve(dir) }), ...(file === undefined ? {} : { values: valuesIn(file) }) }
  return Object.keys(install).length === 0 ? undefined : install
}

function valuesIn(file: string): Record<string, unknown> {
  try {
    const value: unknown = parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
    throw usage('the values of the mesh are no mapping', 'a YAML mapping', `${file}: ${typeof value}`)
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw usage('the values of the mesh cannot be read', 'a YAML file', `${file}: ${String(error)}`)
  }
}

const given = <T extends object>(fields: T): Partial<T> => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>

/** As it was typed, for the command that does it again. */
export function clusterFlags({ contexts: given, kubeconfig, network, loadIn, parallelism, readyWithin, meshHub, meshTag, meshCharts, meshValues }: TypedClusters): string[] {
  return [
    given === undefined ? '' : `--contexts ${Object.entries(given).map((pair) => pair.join('=')).join(',')}`,
    kubeconfig === undefined ? '' : `--kubeconfig ${kubeconfig}`,
    network === undefined ? '' : `--network ${network}`,
    loadIn === undefined ? '' : `--load-in ${loadIn}`,
    parallelism === undefined ? '' : `--parallelism ${parallelism}`,
    readyWithin === undefined ? '' : `--ready-within ${formatDuration(readyWithin * 1000)}`,
    meshHub === undefined ? '' : `--mesh-hub ${meshHub}`,
    meshTag === undefined ? '' : `--mesh-tag ${meshTag}`,
    meshCharts === undefined ? '' : `--mesh-charts ${meshCharts}`,
    meshValues === undefined ? '' : `--mesh-values ${meshValues}`,
  ].filter((flag) => flag !== '')
}

function usage(message: string, expected: string, found: string): Error {
  return commandError(message, { expected, found }, 'RGT_COMMAND_USAGE')
}
