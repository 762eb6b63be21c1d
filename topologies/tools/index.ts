// Tools that are not npm packages: found where they are, or fetched where they can be had. Order: an explicit
// path, PATH, the project's cache, a new installation. Each step that fails says why.

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CodedError, type ErrorDetails } from '../../gateway/errors.ts'
import { topologyError } from '../errors.ts'
import type { ToolPolicy } from '../substrate.ts'
import { consul } from './consul.ts'
import { docker } from './docker.ts'
import { envoy } from './envoy.ts'
import { failedLately, forgetFailure, noteFailure } from './failures.ts'
import { haproxy } from './haproxy.ts'
import { helm } from './helm.ts'
import { cachedPath, install, type Installed, type InstallOptions, type InstallPlaces } from './install.ts'
import { jaeger } from './jaeger.ts'
import { k6 } from './k6.ts'
import { kind } from './kind.ts'
import { kubectl } from './kubectl.ts'
import { nginx } from './nginx.ts'
import { opentelemetryCollector } from './opentelemetry-collector.ts'
import { inPath, probe, type Probed } from './probe.ts'
import type { Tool } from './tool.ts'
import { toxiproxy } from './toxiproxy.ts'

export type { Installed, InstallOptions, InstallPlaces } from './install.ts'
export type { Tool } from './tool.ts'

export const tools = { k6, toxiproxy, envoy, haproxy, nginx, docker, kind, kubectl, helm, consul, 'opentelemetry-collector': opentelemetryCollector, jaeger } as const satisfies Record<string, Tool>

export type ToolName = keyof typeof tools
export const toolNames = Object.keys(tools) as ToolName[]

export interface FoundTool {
  path: string
  version: string
  origin: 'explicit' | 'path' | 'cache'
}

/** Why there is none; `error` is what to throw where nothing stands in. */
export interface ToolMissing {
  reason: string
  error: CodedError
}

const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Where tools are looked for and fetched from. Tests bring their own. */
export function defaultPlaces(): InstallPlaces {
  return {
    cacheDir: join(projectRoot, '.tools'), path: process.env.PATH ?? '',
    releaseOrigin: 'https://github.com', answerWithinMs: 5_000,
  }
}

export interface FindOptions extends InstallOptions {
  places?: InstallPlaces
}

/**
 * A wrong explicit path is not passed over: who names a file wants that file.
 * @throws CodedError RGT_TOOL_UNKNOWN; the signal's reason when aborted; errors of the file system.
 */
export async function findTool(
  name: string,
  policy: Pick<ToolPolicy, 'allowInstall'> & Partial<ToolPolicy>,
  options: FindOptions = {},
): Promise<FoundTool | ToolMissing> {
  const tool = toolCalled(name)
  const { places = defaultPlaces(), signal } = options
  const explicit = policy.explicit?.[name]
  if (explicit !== undefined) {
    const probed = await probe(tool, explicit, signal)
    return 'version' in probed
      ? { path: explicit, version: probed.version, origin: 'explicit' }
      : missing(tool, [`explicit: ${probed.problem}`], probed.kind, 'mend the path, or take it away so that others are looked at')
  }
  const reasons: string[] = []
  let worst: 'version' | 'unusable' = 'unusable'
  const consider = (where: string, probed: Probed): probed is { version: string } => {
    if ('version' in probed) return true
    reasons.push(`${where}: ${probed.problem}`)
    if (probed.kind === 'version') worst = 'version'
    return false
  }
  for (const path of inPath(tool.binary, places.path)) {
    const probed = await probe(tool, path, signal)
    if (consider('PATH', probed)) return { path, version: probed.version, origin: 'path' }
  }
  if (reasons.length === 0) reasons.push(`PATH: no ${tool.binary}`)
  const cached = cachedPath(tool, places.cacheDir)
  if (cached !== null) {
    const probed = await probe(tool, cached, signal)
    if ('version' in probed) return { path: cached, version: probed.version, origin: 'cache' }
    reasons.push('cache: not installed')
  }
  if (!policy.allowInstall) return missing(tool, [...reasons, 'installing is switched off'], worst)
  const refused = await failedLately(join(places.cacheDir, tool.name))
  if (refused !== null) return missing(tool, [...reasons, refused], 'install')
  try {
    return { ...await installTool(name, options), origin: 'cache' }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return missing(tool, [...reasons, error.details.found ?? error.message], 'install')
  }
}

/**
 * Fetch the pinned version into the cache, whatever PATH holds; tries also where it failed lately. Nothing is fetched twice.
 * @throws CodedError RGT_TOOL_INSTALL that says of each route why it was closed.
 */
export async function installTool(name: string, { places = defaultPlaces(), ...options }: FindOptions = {}): Promise<Installed> {
  const tool = toolCalled(name)
  try {
    const installed = await install(tool, places, options)
    await forgetFailure(join(places.cacheDir, tool.name))
    return installed
  } catch (error) {
    if (error instanceof CodedError && tool.routes.length > 0) await noteFailure(join(places.cacheDir, tool.name), error.details.found ?? error.message)
    throw error
  }
}

/** The tool; @throws CodedError that says why there is none. */
export function requireTool(found: FoundTool | ToolMissing): FoundTool {
  if ('error' in found) throw found.error
  return found
}

function toolCalled(name: string): Tool {
  if (Object.hasOwn(tools, name)) return tools[name as ToolName]
  throw topologyError('RGT_TOOL_UNKNOWN', `no tool is called ${name}`, { expected: toolNames.join(', '), found: name })
}

function missing(tool: Tool, reasons: string[], kind: 'version' | 'unusable' | 'install', hint?: string): ToolMissing {
  const details: ErrorDetails = { found: reasons.join('; '), hint: hint ?? `${tool.hint}; or name its path` }
  if (tool.minimum !== null) details.expected = `${tool.binary} ${tool.minimum} or newer`
  const error = kind === 'version'
    ? topologyError('RGT_TOOL_VERSION', `${tool.name} is too old`, details)
    : kind === 'install'
      ? topologyError('RGT_TOOL_INSTALL', `${tool.name} is missing and could not be installed`, details)
      : topologyError('RGT_TOOL_MISSING', `${tool.name} is missing`, details)
  return { reason: reasons.join('; '), error }
}
