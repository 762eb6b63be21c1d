// The blocks of a scenario (loads, prober, faults, changes) in their resolved form, every name in them held
// against the topology. Faults and loads are tried out, so that the plan cannot fail later for what stands here.

import type { DocumentPath } from '../gateway/config/document.ts'
import { formatDuration } from '../gateway/config/duration.ts'
import { seededRandom } from '../gateway/runtime.ts'
import type { ConfigDocument } from '../topologies/substrate.ts'
import { faultOf } from './faults/index.ts'
import { planLoads } from './loads/index.ts'
import { mixOf } from './resolve-mix.ts'
import { known, refuse, tryOut, type Reading } from './resolve-reading.ts'
import type { ChangeBlock, FaultBlock, LoadBlock, ProberBlock, Timeline } from './scenario.ts'
import type { ChangeBlockFile, FaultBlockFile } from './schema.ts'

const defaultProber = { interval: 10_000, timeout: 2_000_000 }
/** Methods that may be sent again (RFC 9110, 9.2.2): a probe is retried, so only these will do. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

export function loadsOf(reading: Reading): LoadBlock[] {
  const groups = reading.topology.clients.map((group) => group.name)
  const names = new Set<string>()
  return reading.spec.load.map((block, index): LoadBlock => {
    const path = [...reading.pathOf('load'), index]
    if (names.has(block.name)) refuse(reading, 'RGT_SCENARIO_REFERENCE', [...path, 'name'], 'two loads share a name', block.name)
    names.add(block.name)
    block.groups?.forEach((group, at) => known(reading, 'group', group, groups, [...path, 'groups', at]))
    const load: LoadBlock = {
      name: block.name, kind: block.kind, ratePerSecond: block.rate, arrivals: block.arrivals,
      groups: block.groups, timeoutMs: block.timeout / 1000, suite: block.suite,
      mix: mixOf(reading, block, path),
      ...(block.maxInFlight === undefined ? {} : { maxInFlight: block.maxInFlight }),
      ...(block.season === undefined ? {} : { season: { periodUs: block.season.period, swing: block.season.swing } }),
    }
    tryOut(reading, path, () => planLoads([{ ...load, groups: null }], reading.topology, 0, { fromUs: 0, toUs: 1 }))
    return load
  })
}

export function proberOf(reading: Reading, loads: readonly LoadBlock[]): ProberBlock {
  const { prober } = reading.spec
  const safe = [...new Set(loads.flatMap((block) => block.mix).filter((template) => idempotent.has(template.method)).map(({ name }) => name))]
  const template = prober.template ?? safe[0]
  if (template === undefined) {
    refuse(reading, 'RGT_SCENARIO_REFERENCE', ['spec', 'load'], 'the prober needs a request that may be sent again', 'none in the mixes', 'a template with method GET')
  } else known(reading, 'idempotent template', template, safe, ['spec', 'prober', 'template'])
  const groups = reading.topology.clients.map((group) => group.name)
  prober.groups?.forEach((group, at) => known(reading, 'group', group, groups, ['spec', 'prober', 'groups', at]))
  const { interval, timeout, witness } = prober
  return {
    groups: prober.groups ?? null,
    intervalMs: (interval ?? defaultProber.interval) / 1000,
    template: template ?? '',
    timeoutMs: (timeout ?? defaultProber.timeout) / 1000,
    ...(witness === undefined ? {} : { witnessIntervalMs: witness / 1000 }),
  }
}

export function blocksOf(reading: Reading, timeline: Timeline): { method: FaultBlock[]; changes: ChangeBlock[] } {
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
    tryOut(reading, path, () => faultOf(kind)?.compose(parameters, { topology: reading.topology, random: seededRandom(1), forUs }))
  }
  return { name, kind, atUs: at, forUs, parameters }
}

function changeOf(reading: Reading, block: ChangeBlockFile, name: string, path: DocumentPath, timeline: Timeline): ChangeBlock {
  const lastUs = block.at + Math.round(((block.count - 1) * 1_000_000) / block.rate)
  if (lastUs > timeline.faultUs) {
    refuse(reading, 'RGT_SCENARIO_TIMELINE', path, 'the changes do not fit into the fault phase',
      `the last at ${formatDuration(lastUs)}`, `within ${formatDuration(timeline.faultUs)}`)
  }
  return {
    name, kind: block.change, atUs: block.at, count: block.count, ratePerSecond: block.rate,
    distinct: block.distinct ?? block.count, document: block.document as ConfigDocument,
  }
}

function unique(name: string, taken: Set<string>): string {
  let free = name
  for (let count = 2; taken.has(free); count++) free = `${name}-${count}`
  taken.add(free)
  return free
}
