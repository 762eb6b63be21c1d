// From a recorded run on real sockets to the constants of the simulated world. Only round-trip and service times are
// taken, never anything of detection or failover: those must come out of the cores by themselves, or parity would be
// a fit and no proof.

import type { History } from '../../topologies/history/read.ts'
import { defaultModel, modelVersion, type SimulationModel } from '../../topologies/substrates/simulated/model.ts'
import { scenarioError } from '../errors.ts'
import { percentile } from '../judging/statistics.ts'
import type { RunRecord } from '../run-record.ts'
import type { ModelFile } from './model-file.ts'
import { residualsOf, type PathResiduals, type ServiceResiduals } from './residuals.ts'
import { restartTimes } from './restarts.ts'
import { nonNegative, oneOfTwoWays, quantileTable, withoutVariance } from './tables.ts'

/** Fewer requests than this say too little of a hop (as of a path's normal latency). */
export const leastSamples = 200
/** A path with fewer is not told apart from the others. */
const leastPathSamples = 40
/** A path's median must be this far from the others', in standard errors and in microseconds, to be one of its own. */
const pathErrors = 4
const pathMarginUs = 200

/** Pure. Throws RGT_CALIBRATION_RUN, RGT_CALIBRATION_SAMPLES. */
export function calibrate(run: RunRecord, history: History): ModelFile {
  usable(run)
  const residuals = residualsOf(run, history)
  const samples = { client: count(residuals.client), link: count(residuals.link), service: count(residuals.service) }
  enough(run, samples)
  const client = hopOf(residuals.client)
  const link = hopOf(residuals.link)
  const { endpointUs, serviceUs } = serviceOf(residuals.service)
  const restarts = restartTimes(history.events)
  const median = (part: keyof typeof restarts): number =>
    restarts[part].length === 0 ? defaultModel.restartUs[part] : Math.round(percentile(Float64Array.from(restarts[part]), 50))
  const { plan, machine } = run
  const spec: SimulationModel = {
    version: modelVersion,
    source: `run ${run.id} of ${plan.scenario.name}`,
    hopUs: { client: client.table, link: link.table, endpoint: [endpointUs] },
    serviceUs,
    probeUs: defaultModel.probeUs,
    restartUs: { gateway: median('gateway'), services: median('services'), controlPlane: median('controlPlane') },
    handshakeRtts: defaultModel.handshakeRtts,
    rttUs: { ...client.rttUs, ...link.rttUs },
  }
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'SimulationModel', metadata: { name: run.id.toLowerCase() },
    measured: {
      run: run.id, scenario: plan.scenario.name, substrate: run.substrate, at: run.startedAt,
      machine: { os: machine.os, arch: machine.arch, cpuModel: machine.cpuModel, cpus: machine.cpus },
      samples: { ...samples, restarts: { gateway: restarts.gateway.length, services: restarts.services.length, controlPlane: restarts.controlPlane.length } },
      notes: notesOf(restarts, Object.keys(spec.rttUs).length),
    },
    spec,
  }
}

function usable(run: RunRecord): void {
  const wrong = run.ended !== 'complete' ? `it ended ${run.ended}`
    : run.time === 'virtual' ? 'it was simulated itself'
      : run.gateway !== 'reference' ? `its gateway is ${run.gateway}, which reports no attempts of its own` : null
  if (wrong === null) return
  throw scenarioError('RGT_CALIBRATION_RUN', `run ${run.id} cannot be calibrated from`, {
    expected: 'a complete run of the reference gateway on real sockets', found: wrong,
    hint: '`regatta run regional-outage --fast` makes one in 20 s',
  })
}

function enough(run: RunRecord, samples: Record<'client' | 'link' | 'service', number>): void {
  const short = Object.entries(samples).filter(([, have]) => have < leastSamples)
  if (short.length === 0) return
  throw scenarioError('RGT_CALIBRATION_SAMPLES', `run ${run.id} has too few requests to calibrate from`, {
    expected: `at least ${leastSamples} requests that went straight through in the steady phase, for each of client hop, link hop and service`,
    found: short.map(([part, have]) => `${part}: ${have}`).join(', '),
    hint: 'take a scenario with a steady phase of 5 s or more, entered by edge; rows of k6 do not count, because it stamps whole milliseconds',
  })
}

function count(parts: readonly { beyondUs: number[] }[]): number {
  return parts.reduce((sum, { beyondUs }) => sum + beyondUs.length, 0)
}

/**
 * One way of a hop, and the round trips that differ from the topology by themselves (a fault proxy counts whole
 * milliseconds, say). The hop is what the median request met, whichever path it took.
 */
function hopOf(paths: readonly PathResiduals[]): { table: readonly number[]; rttUs: Record<string, number> } {
  const known = paths.filter(({ beyondUs }) => beyondUs.length >= leastPathSamples)
  const medians = known.map(({ beyondUs }) => percentile(Float64Array.from(beyondUs), 50))
  const ownUs = Math.max(0, percentile(Float64Array.from(paths.flatMap(({ beyondUs }) => beyondUs)), 50))
  const rttUs: Record<string, number> = {}
  const sums = paths.flatMap((path) => {
    const at = known.indexOf(path)
    const apartUs = at === -1 ? 0 : medians[at] - ownUs
    if (at === -1 || Math.abs(apartUs) < Math.max(pathMarginUs, pathErrors * medianErrorUs(path.beyondUs))) return path.beyondUs
    const measuredUs = Math.max(0, Math.round(path.rttUs + apartUs))
    rttUs[`${path.from}>${path.to}`] = rttUs[`${path.to}>${path.from}`] = measuredUs
    return path.beyondUs.map((beyondUs) => beyondUs + path.rttUs - measuredUs)
  })
  return { table: quantileTable(nonNegative(oneOfTwoWays(sums))), rttUs }
}

/** Standard error of a median, from the distance of the quartiles: 1.253 σ/√n with σ = (q75 − q25)/1.349 (normal). */
function medianErrorUs(values: readonly number[]): number {
  const sorted = Float64Array.from(values)
  return (1.253 * (percentile(sorted, 75) - percentile(sorted, 25))) / 1.349 / Math.sqrt(values.length)
}

/**
 * An attempt at an endpoint is its hop two ways and the service; from outside only the sum shows. The hop is taken as
 * in the default model, or less where less is left, and the rest is the service's.
 */
function serviceOf(services: readonly ServiceResiduals[]): { endpointUs: number; serviceUs: readonly number[] } {
  const beyondUs = services.flatMap(({ beyondUs: own, varianceUs2 }) => withoutVariance(own, varianceUs2))
  const meanUs = beyondUs.reduce((sum, value) => sum + value, 0) / beyondUs.length
  const usualUs = percentile(Float64Array.from(defaultModel.hopUs.endpoint), 50)
  const endpointUs = Math.round(Math.min(usualUs, Math.max(0, meanUs) / 2))
  return { endpointUs, serviceUs: quantileTable(nonNegative(beyondUs.map((value) => value - 2 * endpointUs))) }
}

function notesOf(restarts: ReturnType<typeof restartTimes>, ownRoundTrips: number): string[] {
  const never = (Object.keys(restarts) as (keyof typeof restarts)[]).filter((part) => restarts[part].length === 0)
  return [
    'a hop is half of what was measured both ways; hop and work of an endpoint are measured as one, and the hop is as in the defaults',
    `${ownRoundTrips / 2} round trips differ from the topology beyond the hops`,
    'probeUs and handshakeRtts are the defaults: no record holds them',
    ...(never.length === 0 ? [] : [`restartUs of ${never.join(', ')} ${never.length === 1 ? 'is' : 'are'} the default: none was killed and came back`]),
  ]
}
