// Turns a scenario file into the resolved Scenario: the short form laid over, defaults filled in, and every
// name, time and threshold checked against the topology, each problem with its place in the file.

import { dirname, resolve } from 'node:path'
import type { DocumentPath, SourceDocument } from '../gateway/config/document.ts'
import { formatDuration } from '../gateway/config/duration.ts'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { readMeshUse, type MeshUse } from '../topologies/meshes/use.ts'
import type { ConfigDocument } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import { scenarioError } from './errors.ts'
import { frozenCopy } from './freeze.ts'
import { blocksOf, loadsOf, proberOf } from './resolve-blocks.ts'
import { blocksLengthUs, variantsOf } from './resolve-variants.ts'
import { comparedWith, tracingOf } from './tracing.ts'
import { overlay } from './overlay.ts'
import { configOf, type ReadConfig } from './resolve-config.ts'
import { lawfulOf, servingOf } from './resolve-residency.ts'
import { refuse, type Reading, type Spec } from './resolve-reading.ts'
import type { LoadBlock, Scenario, Thresholds, Timeline } from './scenario.ts'
import type { ScenarioFile } from './schema.ts'
import { parseThresholds } from './thresholds.ts'

export interface Circumstances {
  fast: boolean
  /** As `loadTopology` takes it. */
  topologyName: string
  topology: Topology
  /** The topology's own gateway configuration. */
  base: readonly ConfigDocument[]
  readConfig: ReadConfig
}

/** The phases of a drill that says nothing else, microseconds: about 40 s. */
const defaultPhases = { warmup: 2_000_000, steady: 8_000_000, fault: 10_000_000, healing: 15_000_000, recovered: 5_000_000 }

/** Throws CodedErrors, one for each problem, in the order of the file. */
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
  const timeline = timelineOf(reading)
  const loads = loadsOf(reading)
  const { method, changes } = blocksOf(reading, timeline)
  checkThresholds(reading, loads, short !== undefined)
  checkComparisons(reading)
  const prober = proberOf(reading, loads)
  const mesh = meshOf(reading)
  const config = await configOf(reading, around.base, around.readConfig)
  const blocks = await variantsOf(reading, problems.length > 0 ? around.base : overlay(around.base, config), around.readConfig)
  const tracing = tracingOf(spec.tracing)
  const lawful = problems.length > 0 ? null : lawfulOf(reading, loads, overlay(around.base, config))
  if (problems.length > 0) throw new CodedErrors(problems.sort(byPlace))
  return frozenCopy<Scenario>({
    name: file.metadata.name,
    description: file.metadata.description,
    mustExit: spec.mustExit,
    topology: around.topologyName,
    entry: spec.entry,
    ...(mesh === undefined ? {} : { mesh }),
    config,
    loads,
    prober: { ...prober, ...(lawful === null ? {} : servingOf(lawful, prober, around.topology)) },
    timeline,
    steadyState: spec.steadyState?.thresholds ?? {},
    method,
    changes,
    ...(tracing === null ? {} : { tracing }),
    ...(blocks === undefined ? {} : { blocks }),
    thresholds: spec.thresholds,
    options: {
      collectGarbageEveryMs: spec.options.collectGarbageEvery / 1000,
      requireTools: spec.options.requireTools,
      toolPaths: Object.fromEntries(Object.entries(spec.options.toolPaths).map(([tool, path]) => [tool, resolve(dirname(source.file), path)])),
    },
    ...(spec.simulation === undefined ? {} : { simulation: spec.simulation }),
    file: source.file,
  })
}

function meshOf({ spec, source, problems }: Reading): MeshUse | undefined {
  if (spec.mesh === undefined) return undefined
  try {
    return readMeshUse(spec.mesh)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    problems.push(scenarioError('RGT_SCENARIO_REFERENCE', error.message, { ...error.details, place: source.place(['spec', 'mesh']) }))
    return undefined
  }
}

function byPlace(a: CodedError, b: CodedError): number {
  const [one, other] = [a.details.place, b.details.place]
  return (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0)
}

function layOver(spec: Spec, short: Spec['fast']): Spec {
  if (short === undefined) return spec
  return {
    ...spec,
    load: (short.load ?? spec.load).map((block) => ({ ...block, rate: block.rate * (short.rateShare ?? 1) })),
    method: short.method ?? spec.method,
    config: [...spec.config, ...(short.config ?? [])],
    phases: { ...spec.phases, ...short.phases },
    prober: { ...spec.prober, ...short.prober },
    ...(short.tracing === undefined ? {} : { tracing: short.tracing }),
    ...(spec.blocks === undefined ? {} : { blocks: { ...spec.blocks, ...short.blocks } }),
    thresholds: { ...spec.thresholds, ...short.thresholds },
    ...(short.steadyState === undefined ? {} : { steadyState: short.steadyState }),
  }
}

/** Blocks fill the fault phase unless the file says how long it is; then they have to fit. */
function timelineOf(reading: Reading): Timeline {
  const { spec } = reading
  const needed = spec.blocks === undefined ? undefined : blocksLengthUs(spec.blocks)
  const usual = { ...defaultPhases, ...(needed === undefined ? {} : { fault: needed }) }
  const { warmup, steady, fault, healing, recovered } = { ...usual, ...spec.phases }
  if (needed !== undefined && needed > fault) {
    refuse(reading, 'RGT_SCENARIO_TIMELINE', ['spec', 'blocks'], 'the blocks do not fit into the fault phase',
      `${formatDuration(needed)} of blocks`, `at most ${formatDuration(fault)}, or no phases.fault`)
  }
  return { warmupUs: warmup, steadyUs: steady, faultUs: fault, healingUs: healing, recoveredUs: recovered }
}

function checkThresholds(reading: Reading, loads: readonly LoadBlock[], short: boolean): void {
  const { spec, source, topology } = reading
  const written = source.value as { spec?: { fast?: { thresholds?: object; steadyState?: object } } }
  const tags = {
    region: topology.regions.map(({ name }) => name),
    group: topology.clients.map(({ name }) => name),
    route: [...new Set(loads.flatMap((block) => block.mix).map(({ name }) => name))],
    variant: spec.blocks?.variants.map(({ name }) => name) ?? [],
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

/** What is told as a share of tracing everything needs variants that do, and that do not. */
function checkComparisons(reading: Reading): void {
  const { spec } = reading
  const variants = spec.blocks?.variants.map(({ name }) => name) ?? []
  for (const expression of Object.keys(spec.thresholds)) {
    const needed = comparedWith[expression.split('{')[0].trim()] ?? []
    const missing = needed.filter((name) => !variants.includes(name))
    if (missing.length === 0) continue
    refuse(reading, 'RGT_SCENARIO_REFERENCE', ['spec', 'thresholds', expression], 'a threshold compares variants that the blocks do not have',
      `${variants.join(', ') || 'no variants'}`, `variants called ${needed.join(' and ')}`)
  }
}
