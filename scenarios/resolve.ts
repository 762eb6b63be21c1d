// Turns a scenario file into the resolved Scenario: the short form laid over, defaults filled in, and every
// name, time and threshold checked against the topology, each problem with its place in the file.

import { dirname, resolve } from 'node:path'
import { parseShape, type DocumentPath, type SourceDocument } from '../gateway/config/document.ts'
import { formatDuration } from '../gateway/config/duration.ts'
import { nearest } from '../gateway/config/shape.ts'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { seededRandom } from '../gateway/runtime.ts'
import type { ConfigDocument } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import { z } from 'zod'
import { scenarioError, type ScenarioErrorCode } from './errors.ts'
import { faultOf } from './faults/index.ts'
import type { ChangeBlock, FaultBlock, LoadBlock, ProberBlock, Scenario, Thresholds, Timeline } from './scenario.ts'
import type { ChangeBlockFile, FaultBlockFile, ScenarioFile } from './schema.ts'
import { frozenCopy } from './freeze.ts'
import { parseThresholds } from './thresholds.ts'

export type ReadConfig = (file: string) => Promise<SourceDocument[]>

export interface Circumstances {
  fast: boolean
  /** As `loadTopology` takes it. */
  topologyName: string
  topology: Topology
  readConfig: ReadConfig
}

type Spec = ScenarioFile['spec']
type Part = 'load' | 'method'

/** What the reading carries along: the laid-over spec, where its parts stand, and the problems so far. */
interface Reading {
  spec: Spec
  topology: Topology
  source: SourceDocument
  /** Path in the file of a part that the short form may replace. */
  pathOf(part: Part): DocumentPath
  problems: CodedError[]
}

/** The phases of a drill that says nothing else, microseconds: about 40 s. */
const defaultPhases = { warmup: 2_000_000, steady: 8_000_000, fault: 10_000_000, healing: 15_000_000, recovered: 5_000_000 }
const defaultProber = { interval: 10_000, timeout: 2_000_000 }
/** Methods that may be sent again (RFC 9110, 9.2.2): a probe is retried, so only these will do. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Throws CodedErrors, one for each problem, in the order in which they were found. */
export async function resolveScenario(file: ScenarioFile, source: SourceDocument, around: Circumstances): Promise<Scenario> {
  const short = around.fast ? file.spec.fast : undefined
  const reading: Reading = {
    spec: layOver(file.spec, short),
    topology: around.topology,
    source,
    pathOf: (part) => (short?.[part] === undefined ? ['spec', part] : ['spec', 'fast', part]),
    problems: [],
  }
  const { spec, problems } = reading
  const timeline = timelineOf(spec)
  const loads = loadsOf(reading)
  const { method, changes } = blocksOf(reading, timeline)
  checkThresholds(reading, loads, short !== undefined)
  const prober = proberOf(reading, loads)
  const config = await configOf(reading, around.readConfig)
  if (problems.length > 0) throw new CodedErrors(problems)
  return frozenCopy<Scenario>({
    name: file.metadata.name,
    description: file.metadata.description,
    mustExit: spec.mustExit,
    topology: around.topologyName,
    entry: spec.entry,
    config,
    loads,
    prober,
    timeline,
    steadyState: spec.steadyState?.thresholds ?? {},
    method,
    changes,
    thresholds: spec.thresholds,
    options: {
      collectGarbageEveryMs: spec.options.collectGarbageEvery / 1000,
      requireTools: spec.options.requireTools,
      toolPaths: Object.fromEntries(Object.entries(spec.options.toolPaths).map(([tool, path]) => [tool, resolve(dirname(source.file), path)])),
    },
    file: source.file,
  })
}

function layOver(spec: Spec, short: Spec['fast']): Spec {
  if (short === undefined) return spec
  return {
    ...spec,
    load: short.load ?? spec.load,
    method: short.method ?? spec.method,
    config: [...spec.config, ...(short.config ?? [])],
    phases: { ...spec.phases, ...short.phases },
    prober: { ...spec.prober, ...short.prober },
    thresholds: { ...spec.thresholds, ...short.thresholds },
    ...(short.steadyState === undefined ? {} : { steadyState: short.steadyState }),
  }
}

function timelineOf(spec: Spec): Timeline {
  const { warmup, steady, fault, healing, recovered } = { ...defaultPhases, ...spec.phases }
  return { warmupUs: warmup, steadyUs: steady, faultUs: fault, healingUs: healing, recoveredUs: recovered }
}

function loadsOf(reading: Reading): LoadBlock[] {
  const groups = reading.topology.clients.map((group) => group.name)
  const names = new Set<string>()
  return reading.spec.load.map((block, index): LoadBlock => {
    const path = [...reading.pathOf('load'), index]
    if (names.has(block.name)) refuse(reading, 'RGT_SCENARIO_REFERENCE', [...path, 'name'], 'two loads share a name', block.name)
    names.add(block.name)
    block.groups?.forEach((group, at) => known(reading, 'group', group, groups, [...path, 'groups', at]))
    const mix = block.mix.map(({ host, ...template }, at) => {
      if (host === undefined && block.host === undefined) {
        refuse(reading, 'RGT_SCENARIO_SCHEMA', [...path, 'mix', at], 'a request needs a host', 'neither `host` here nor in its load')
      }
      return { ...template, host: host ?? block.host ?? '' }
    })
    return {
      name: block.name, kind: block.kind, ratePerSecond: block.rate, arrivals: block.arrivals,
      groups: block.groups, timeoutMs: block.timeout / 1000, suite: block.suite, mix,
    }
  })
}

function proberOf(reading: Reading, loads: readonly LoadBlock[]): ProberBlock {
  const { prober } = reading.spec
  const safe = loads.flatMap((block) => block.mix).filter((template) => idempotent.has(template.method)).map(({ name }) => name)
  const template = prober.template ?? safe[0]
  if (template === undefined) {
    refuse(reading, 'RGT_SCENARIO_REFERENCE', ['spec', 'load'], 'the prober needs a request that may be sent again', 'none in the mixes', 'a template with method GET')
  } else known(reading, 'idempotent template', template, safe, ['spec', 'prober', 'template'])
  const groups = reading.topology.clients.map((group) => group.name)
  prober.groups?.forEach((group, at) => known(reading, 'group', group, groups, ['spec', 'prober', 'groups', at]))
  const { interval, timeout } = prober
  return {
    groups: prober.groups ?? null,
    intervalMs: (interval ?? defaultProber.interval) / 1000,
    template: template ?? '',
    timeoutMs: (timeout ?? defaultProber.timeout) / 1000,
  }
}

function blocksOf(reading: Reading, timeline: Timeline): { method: FaultBlock[]; changes: ChangeBlock[] } {
  const method: FaultBlock[] = []
  const changes: ChangeBlock[] = []
  const names = new Set<string>()
  reading.spec.method.forEach((block, index) => {
    const path = [...reading.pathOf('method'), index]
    const name = unique(block.name ?? ('change' in block ? `${block.change}-change` : block.fault), names)
    if ('change' in block) changes.push(changeOf(reading, block as ChangeBlockFile, name, path, timeline))
    else method.push(faultBlockOf(reading, block, name, path, timeline))
  })
  return { method, changes }
}

function faultBlockOf(reading: Reading, block: FaultBlockFile, name: string, path: DocumentPath, timeline: Timeline): FaultBlock {
  const { fault: kind, name: _name, at, for: length, ...parameters } = block
  const forUs = length ?? timeline.faultUs - at
  if (forUs <= 0 || at + forUs > timeline.faultUs) {
    refuse(reading, 'RGT_SCENARIO_TIMELINE', path, 'a fault does not fit into the fault phase',
      `${formatDuration(at)} to ${formatDuration(Math.max(at, at + forUs))}`, `within 0s and ${formatDuration(timeline.faultUs)}`)
  } else {
    try {
      faultOf(kind)?.compose(parameters, { topology: reading.topology, random: seededRandom(1), forUs })
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      const place = placeOfValue(reading, path, error.details.found)
      reading.problems.push(new CodedError(error.code, error.message, { ...error.details, place }))
    }
  }
  return { name, kind, atUs: at, forUs, parameters }
}

/** The line of the parameter that holds the unknown name, or of the block. */
function placeOfValue(reading: Reading, path: DocumentPath, found: string | undefined): ReturnType<SourceDocument['place']> {
  let block: unknown = reading.source.value
  for (const part of path) block = (block as Record<string | number, unknown>)[part]
  const key = Object.entries(block as object).find(([, value]) => value === found)?.[0]
  return reading.source.place(key === undefined ? path : [...path, key])
}

function changeOf(reading: Reading, block: ChangeBlockFile, name: string, path: DocumentPath, timeline: Timeline): ChangeBlock {
  const lastUs = block.at + Math.round(((block.count - 1) * 1_000_000) / block.rate)
  if (lastUs > timeline.faultUs) {
    refuse(reading, 'RGT_SCENARIO_TIMELINE', path, 'the changes do not fit into the fault phase',
      `the last at ${formatDuration(lastUs)}`, `within ${formatDuration(timeline.faultUs)}`)
  }
  checkDocument(reading, block.document, [...path, 'document'])
  return {
    name, kind: block.change, atUs: block.at, count: block.count, ratePerSecond: block.rate,
    distinct: block.distinct ?? block.count, document: block.document as ConfigDocument,
  }
}

function checkThresholds(reading: Reading, loads: readonly LoadBlock[], short: boolean): void {
  const { spec, source, topology } = reading
  const written = source.value as { spec?: { fast?: { thresholds?: object; steadyState?: object } } }
  const tags = {
    region: topology.regions.map(({ name }) => name),
    group: topology.clients.map(({ name }) => name),
    route: [...new Set(loads.flatMap((block) => block.mix).map(({ name }) => name))],
  }
  const check = (thresholds: Thresholds, base: (expression: string) => DocumentPath): void => {
    try {
      parseThresholds(thresholds, (expression, condition) => source.place(
        [...base(expression), expression, ...(condition === null ? [] : [condition])], condition === null ? 'key' : 'value'), tags)
    } catch (error) {
      if (!(error instanceof CodedErrors)) throw error
      reading.problems.push(...error.errors)
    }
  }
  const { fast } = written.spec ?? {}
  check(spec.thresholds, (expression) => short && Object.hasOwn(fast?.thresholds ?? {}, expression)
    ? ['spec', 'fast', 'thresholds'] : ['spec', 'thresholds'])
  check(spec.steadyState?.thresholds ?? {}, () => short && fast?.steadyState !== undefined
    ? ['spec', 'fast', 'steadyState', 'thresholds'] : ['spec', 'steadyState', 'thresholds'])
}

const configHead = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().min(1).optional() }),
})

/** The documents in the order of the file; a later one of the same kind, namespace and name stands for an earlier. */
async function configOf(reading: Reading, readConfig: ReadConfig): Promise<ConfigDocument[]> {
  const documents: ConfigDocument[] = []
  for (const [index, item] of reading.spec.config.entries()) {
    const written = (reading.source.value as { spec: { config?: unknown[] } }).spec.config?.length ?? 0
    const path = index < written ? ['spec', 'config', index] : ['spec', 'fast', 'config', index - written]
    if (typeof item === 'string') {
      const file = resolve(dirname(reading.source.file), item)
      try {
        for (const document of await readConfig(file)) documents.push(parseShape(configHead, document) as ConfigDocument)
      } catch (error) {
        if (error instanceof CodedErrors) reading.problems.push(...error.errors)
        else if (error instanceof CodedError) reading.problems.push(error)
        else refuse(reading, 'RGT_SCENARIO_REFERENCE', path, 'a configuration file cannot be read', String(error), `a file at ${file}`)
      }
    } else {
      checkDocument(reading, item, path)
      documents.push(item as ConfigDocument)
    }
  }
  return documents
}

function checkDocument(reading: Reading, value: unknown, path: DocumentPath): void {
  const { source } = reading
  try {
    parseShape(configHead, { value, file: source.file, place: (inner, what) => source.place([...path, ...inner], what) }, 'RGT_SCENARIO_SCHEMA')
  } catch (error) {
    if (!(error instanceof CodedErrors)) throw error
    reading.problems.push(...error.errors)
  }
}

function known(reading: Reading, what: string, name: string, names: readonly string[], path: DocumentPath): void {
  if (names.includes(name)) return
  const near = nearest(name, names)
  reading.problems.push(scenarioError('RGT_SCENARIO_REFERENCE', `there is no ${what} \`${name}\``, {
    place: reading.source.place(path), expected: `one of ${names.join(', ')}`, found: name,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  }))
}

function refuse(reading: Reading, code: ScenarioErrorCode, path: DocumentPath, message: string, found: string, expected?: string): void {
  reading.problems.push(scenarioError(code, message, {
    place: reading.source.place(path), found, ...(expected === undefined ? {} : { expected }),
  }))
}

function unique(name: string, taken: Set<string>): string {
  let free = name
  for (let count = 2; taken.has(free); count++) free = `${name}-${count}`
  taken.add(free)
  return free
}

