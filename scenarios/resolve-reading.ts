// What the reading of one scenario carries along: the laid-over spec, where its parts stand in the file, and the
// problems so far, so that a person hears of all of them at once.

import type { DocumentPath, SourceDocument } from '../gateway/config/document.ts'
import { nearest } from '../gateway/config/shape.ts'
import { CodedError } from '../gateway/errors.ts'
import type { Topology } from '../topologies/topology.ts'
import { scenarioError, type ScenarioErrorCode } from './errors.ts'
import type { ScenarioFile } from './schema.ts'

export type Spec = ScenarioFile['spec']
type Part = 'load' | 'method'

export interface Reading {
  spec: Spec
  topology: Topology
  source: SourceDocument
  /** Path in the file of a part that the short form may replace. */
  pathOf(part: Part): DocumentPath
  problems: CodedError[]
}

export function known(reading: Reading, what: string, name: string, names: readonly string[], path: DocumentPath): void {
  if (names.includes(name)) return
  const near = nearest(name, names)
  reading.problems.push(scenarioError('RGT_SCENARIO_REFERENCE', `there is no ${what} \`${name}\``, {
    place: reading.source.place(path), expected: `one of ${names.join(', ')}`, found: name,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  }))
}

export function refuse(reading: Reading, code: ScenarioErrorCode, path: DocumentPath, message: string, found: string, expected?: string): void {
  reading.problems.push(scenarioError(code, message, {
    place: reading.source.place(path), found, ...(expected === undefined ? {} : { expected }),
  }))
}

/** Does what the plan will do, so that its complaint gets the line of the value that it names, or of the block. */
export function tryOut(reading: Reading, path: DocumentPath, run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    let block: unknown = reading.source.value
    for (const part of path) block = (block as Record<string | number, unknown>)[part]
    const key = Object.entries(block as object).find(([, value]) => value === error.details.found)?.[0]
    const place = reading.source.place(key === undefined ? path : [...path, key])
    reading.problems.push(new CodedError(error.code, error.message, { ...error.details, place }))
  }
}
