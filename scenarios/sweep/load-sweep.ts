// Finds and reads sweeps: by the name of the catalogue or by path, or made on the command line from a scenario and
// axes. What a sweep names is looked up where it is written, so that a catalogue of them can be moved as a whole.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { readDocuments, type SourceDocument } from '../../gateway/config/document.ts'
import { nearest, parseShape } from '../../gateway/config/shape.ts'
import { scenarioError } from '../errors.ts'
import { catalogScenarios } from '../load-scenario.ts'
import { axisOf, type AxisName } from './axes.ts'
import { axisValue } from './axis.ts'
import { defaultObjectiveUs, sweepSchema } from './schema.ts'
import type { Sweep, SweepAxis, SweepSetting } from './sweep.ts'

export interface SweepEntry { name: string; description: string; file: string }

const catalogDir = join(import.meta.dirname, '..', 'sweeps')

/** What ships, by name. */
export function catalogSweeps(): SweepEntry[] {
  return catalogFiles().map((file) => {
    const { name, description } = loadSweep(file)
    return { name, description, file }
  })
}

export function isSweep(nameOrPath: string): boolean {
  if (!isPath(nameOrPath)) return catalogFiles().some((file) => basename(file, '.yaml') === nameOrPath)
  if (!/\.(ya?ml|json)$/.test(nameOrPath) || !existsSync(nameOrPath)) return false
  return (documentOf(resolve(nameOrPath)).value as { kind?: unknown } | null)?.kind === 'Sweep'
}

/** What a name or path stands for: a sweep, or a scenario that is still to get its axes. Throws as `loadSweep` does. */
export async function sweepCalled(nameOrPath: string): Promise<Sweep> {
  if (isSweep(nameOrPath)) return loadSweep(nameOrPath)
  const scenarios = (await catalogScenarios()).map(({ name }) => name)
  if (isPath(nameOrPath) || scenarios.includes(nameOrPath)) return sweepOf(nameOrPath)
  throw unknownSweep(nameOrPath, scenarios)
}

/** Throws CodedError RGT_SWEEP_UNKNOWN, or CodedErrors with the place of each problem. */
export function loadSweep(nameOrPath: string): Sweep {
  const file = isPath(nameOrPath) ? resolve(nameOrPath) : join(catalogDir, `${nameOrPath}.yaml`)
  if (!existsSync(file)) throw unknownSweep(nameOrPath)
  const source = documentOf(file)
  const { metadata, spec } = parseShape(sweepSchema, source, 'RGT_SWEEP_SCHEMA')
  // The schema gives keys back in its own order; the file's order says how the map lies.
  const written = Object.keys((source.value as { spec: { axes: object } }).spec.axes) as AxisName[]
  const axes = written.map((name) => axisWith(name, spec.axes[name] ?? []))
  if (axes.length === 0) {
    throw scenarioError('RGT_SWEEP_SCHEMA', 'a sweep without axes is a run', { place: source.place(['spec', 'axes']), expected: 'at least one axis with its values' })
  }
  return {
    name: metadata.name, description: metadata.description, axes, file, fast: spec.fast,
    scenario: isPath(spec.scenario) ? resolve(dirname(file), spec.scenario) : spec.scenario,
    fixed: Object.entries(spec.fixed).map(([name, value]): SweepSetting => ({ axis: axisOf(name).name, value: value ?? Number.NaN })),
    seeds: seedsUpTo(spec.seeds), objectiveMs: spec.objective / 1000,
  }
}

/** A grid over a scenario that no file describes. */
export function sweepOf(scenario: string): Sweep {
  const name = basename(scenario).replace(/\.(ya?ml|json|ts)$/, '')
  return {
    name, description: `A grid over ${name}.`, scenario: isPath(scenario) ? resolve(scenario) : scenario,
    fast: false, fixed: [], axes: [], seeds: seedsUpTo(3), objectiveMs: defaultObjectiveUs / 1000, file: null,
  }
}

export function seedsUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

/** Values ascending, each once, whatever the order in which they were written. */
export function axisWith(name: string, values: readonly number[]): SweepAxis {
  const axis = axisOf(name)
  return { name: axis.name, unit: axis.unit, values: [...new Set(values)].sort((a, b) => a - b) }
}

/** A value as it is typed: `250ms`, `5`. Throws RGT_SWEEP_AXIS. */
export function readAxisValue(name: string, text: string): SweepSetting {
  const axis = axisOf(name)
  const given = axis.unit === 'duration' ? text : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  const read = axisValue[axis.unit].safeParse(given)
  if (read.success) return { axis: axis.name, value: read.data }
  throw scenarioError('RGT_SWEEP_AXIS', `axis ${name} cannot take \`${text}\``, {
    expected: { duration: 'a duration such as 90ms or 5s', count: 'a whole number', share: 'a number from 0 to 1', rate: 'a number above 0', factor: 'a number above 0' }[axis.unit],
    found: text,
  })
}

function documentOf(file: string): SourceDocument {
  const documents = readDocuments(readFileSync(file, 'utf8'), file, 'RGT_SWEEP_SYNTAX')
  if (documents.length === 1) return documents[0]
  throw scenarioError('RGT_SWEEP_SCHEMA', 'a sweep file holds one document', { place: { file }, expected: '1 document', found: `${documents.length} documents` })
}

function unknownSweep(nameOrPath: string, scenarios: readonly string[] = []): Error {
  const names = [...catalogFiles().map((path) => basename(path, '.yaml')), ...scenarios]
  const near = nearest(nameOrPath, names)
  return scenarioError('RGT_SWEEP_UNKNOWN', `there is no sweep \`${nameOrPath}\``, {
    expected: `one of ${names.join(', ')}, or the path of a file`, found: nameOrPath,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

function isPath(nameOrPath: string): boolean {
  return /[/\\]|\.(ya?ml|json|ts)$/.test(nameOrPath)
}

function catalogFiles(): string[] {
  return readdirSync(catalogDir).filter((name) => name.endsWith('.yaml')).sort().map((name) => join(catalogDir, name))
}
