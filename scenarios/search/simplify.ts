// What may be simpler about a fault schedule, aspect by aspect, the boldest proposal first. Each is simpler in an order
// that has an end: kind, then parameters, then load, then length, then how round its times are.

import { faultOf } from '../faults/index.ts'
import type { FaultBlock } from '../scenario.ts'
import type { Candidate } from './candidate.ts'
import { shortestUs, stepUs } from './windows.ts'

/** A plainer fault that does much of the same to the same target; what it is given is what both have. */
const plainer: Readonly<Record<string, string>> = {
  'flapping-region': 'regional-outage',
  'regional-hang': 'regional-outage',
  'regional-crash': 'regional-outage',
  'region-brownout': 'service-outage',
  'asymmetric-partition': 'link-cut',
}

/** A flapping region has to be dark once. */
const leastOf = ({ kind }: FaultBlock): number => (kind === 'flapping-region' ? 500_000 : shortestUs)

type Proposals = (block: FaultBlock) => FaultBlock[]

/** Proposals of one aspect of one block, or of the whole; each list is tried until none of it fails any more. */
export type Aspect = (candidate: Candidate) => Candidate[]

/** For a schedule of so many blocks, in the order in which they are gone through. */
export function aspectsOf(blocks: number): Aspect[] {
  const each = (proposals: Proposals): Aspect[] => Array.from({ length: blocks }, (_, index) => (candidate) =>
    proposals(candidate.method[index]).map((other) => ({ ...candidate, method: candidate.method.with(index, other) })))
  return [...each(plainerKind), ...each(fewerParameters), lighterLoad, ...each(shorter), ...each(rounder)]
}

const leastLoad = 1 / 16

function lighterLoad(candidate: Candidate): Candidate[] {
  return [candidate.loadShare / 4, candidate.loadShare / 2].filter((share) => share >= leastLoad).map((loadShare) => ({ ...candidate, loadShare }))
}

function plainerKind(block: FaultBlock): FaultBlock[] {
  const kind = plainer[block.kind]
  if (kind === undefined) return []
  const shape = faultOf(kind)!.parameters
  const shared = Object.fromEntries(Object.entries(block.parameters).filter(([name]) => Object.hasOwn(shape.shape, name)))
  return [{ ...block, kind, parameters: shape.parse(shared) }]
}

/** With the default of one parameter, or with fewer of what is listed. */
function fewerParameters(block: FaultBlock): FaultBlock[] {
  const defaults = defaultsOf(block)
  const withValue = (name: string, value: unknown): FaultBlock => ({ ...block, parameters: { ...block.parameters, [name]: value } })
  return Object.entries(block.parameters).flatMap(([name, value]) => {
    if (Array.isArray(value)) {
      return value.length < 2 ? [] : [
        withValue(name, value.slice(0, Math.ceil(value.length / 2))), withValue(name, value.slice(Math.ceil(value.length / 2))),
        ...value.map((_, index) => withValue(name, value.toSpliced(index, 1))),
      ]
    }
    const usual = defaults[name]
    // A number is simpler when it is lower: less delay, fewer errors.
    const plain = typeof value === 'number' ? typeof usual === 'number' && usual < value : usual !== undefined && usual !== null && usual !== value
    return plain ? [withValue(name, usual)] : []
  })
}

/** Of the parameters that have one. */
function defaultsOf({ kind }: FaultBlock): Record<string, unknown> {
  return Object.fromEntries(Object.entries(faultOf(kind)!.parameters.shape).flatMap(([name, schema]) => {
    const read = schema.safeParse(undefined)
    return read.success ? [[name, read.data]] : []
  }))
}

function shorter(block: FaultBlock): FaultBlock[] {
  const least = leastOf(block)
  const lengths = [...[1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8].map((share) => block.forUs * share), block.forUs - 1]
    .map((us) => Math.max(least, readable(us)))
  return [...new Set(lengths)].filter((forUs) => forUs < block.forUs).flatMap((forUs) => [
    { ...block, forUs }, { ...block, forUs, atUs: block.atUs + block.forUs - forUs },
  ])
}

/** Rounded down, as coarsely as the length allows. */
function readable(us: number): number {
  const step = us >= 2_000_000 ? 500_000 : us >= 500_000 ? 100_000 : stepUs
  return Math.floor(us / step) * step
}

const coarse = [1_000_000, 500_000, 100_000]

/** Begins at a rounder time, never later than it ends and no longer than before. */
function rounder(block: FaultBlock): FaultBlock[] {
  const { atUs, forUs } = block
  if (atUs === 0) return []
  const reached = coarse.find((step) => atUs % step === 0) ?? 0
  const begins = [0, ...coarse.filter((step) => step > reached).map((step) => Math.floor(atUs / step) * step)]
  return [...new Set(begins)].map((begin) => ({ ...block, atUs: begin, forUs }))
}
