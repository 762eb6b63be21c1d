// What `regatta inject` asks of a topology that is held up: a named fault, composed and played now, with its healing.

import { z } from 'zod'
import { formatPath, fromObjects } from '../gateway/config/document.ts'
import { nearest, parseShape } from '../gateway/config/shape.ts'
import { seededRandom } from '../gateway/runtime.ts'
import { scenarioError } from '../scenarios/errors.ts'
import { faultKinds, faultOf } from '../scenarios/faults/index.ts'
import type { Deployment } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import { commandError } from './errors.ts'

export interface Injected { injected: string; primitives: string[]; affectedRegions: string[]; forUs: number }

const longestUs = 3_600_000_000

const injection = z.strictObject({
  fault: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  forUs: z.number().positive().max(longestUs, 'at most an hour'),
})

/**
 * Answers `POST /inject`. `nowUs` is the time of the run, microseconds. Throws CodedErrors for a body or parameters that
 * do not fit, RGT_SCENARIO_REFERENCE for a fault or region that does not exist.
 */
export function inject(deployment: Pick<Deployment, 'at'>, topology: Topology, nowUs: number, path: string, body: unknown): Injected {
  if (path !== '/inject') throw commandError(`there is nothing at ${path}`, { expected: 'POST /inject' })
  const asked = check(injection, body, 'RGT_COMMAND_USAGE')
  const fault = faultOf(asked.fault)
  if (fault === undefined) {
    const near = nearest(asked.fault, faultKinds)
    throw scenarioError('RGT_SCENARIO_REFERENCE', `there is no fault \`${asked.fault}\``, {
      expected: `one of ${faultKinds.join(', ')}`, found: asked.fault, ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
    })
  }
  const parameters = check(fault.parameters, asked.parameters, 'RGT_COMMAND_USAGE')
  const composed = fault.compose(parameters as never, { topology, random: seededRandom(1), forUs: asked.forUs })
  const name = `${asked.fault}-${Math.round(nowUs / 1000)}`
  composed.primitives.forEach(({ offsetUs, forUs, primitive }, index) => {
    deployment.at(nowUs + offsetUs, { kind: 'apply', fault: name, index, primitive })
    deployment.at(nowUs + offsetUs + forUs, { kind: 'heal', fault: name, index, primitive })
  })
  return {
    injected: name, primitives: composed.primitives.map(({ primitive }) => primitive.kind),
    affectedRegions: composed.affectedRegions, forUs: asked.forUs,
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, code: string): T {
  const [document] = fromObjects([value], 'the command line')
  return parseShape(schema, { ...document, place: (path) => ({ file: 'what was asked', ...(path.length === 0 ? {} : { path: formatPath(path) }) }) }, code)
}
