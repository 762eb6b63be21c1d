// What a recorded run says of each hop: the time of a request or attempt, less the time of the attempt inside it, less
// what the topology states. Only requests that went straight through in the steady phase tell anything: no retry, no
// hedge, no fault.
//
//   client row ─ entry gateway's attempt                      = client hop two ways, and the entry gateway
//   entry gateway's attempt ─ region gateway's attempt        = link hop two ways, and the region's gateway
//   region gateway's attempt ─ the service's stated latency   = endpoint hop two ways, and what the service adds

import type { History } from '../../topologies/history/read.ts'
import { echoDelayMs } from '../../topologies/service-behaviour.ts'
import type { PlaceRef, Service, Topology } from '../../topologies/topology.ts'
import { rttMs } from '../faults/paths.ts'
import { judgeContext } from '../judging/context.ts'
import { mean } from '../judging/statistics.ts'
import type { RunRecord } from '../run-record.ts'

/** Microseconds beyond the topology's round trip, both ways together. */
export interface PathResiduals { from: PlaceRef; to: PlaceRef; rttUs: number; beyondUs: number[] }
/** Microseconds of endpoint attempts beyond the mean of what the topology states, whose own variance (µs²) is known. */
export interface ServiceResiduals { service: string; meanUs: number; varianceUs2: number; beyondUs: number[] }

export interface Residuals { client: PathResiduals[]; link: PathResiduals[]; service: ServiceResiduals[] }

/** In the order in which paths and services first appear. */
export function residualsOf(run: RunRecord, history: History): Residuals {
  const context = judgeContext(run, history)
  const { topology } = run.plan
  const { requests, attempts } = history
  const gathered: Gathered = { client: new Map(), link: new Map(), service: new Map() }
  const byRequest = attemptsByRequest(history)
  const exact = exactRows(run)
  for (let row = 0; row < requests.length; row++) {
    if (requests.attempts[row] !== 1 || requests.outcome.at(row) !== 'ok' || context.phaseOf(row) !== 'steady') continue
    if (!exact(requests.source.at(row), requests.id.at(row))) continue
    const own = byRequest.get(requests.id.at(row)) ?? []
    const [gateway, region] = [requests.gateway.at(row), requests.region.at(row)]
    const entry = own.filter((attempt) => attempts.gateway.at(attempt) === gateway)
    const served = own.filter((attempt) => attempts.gateway.at(attempt) === region && attempts.target.at(attempt).startsWith('endpoint:'))
    if (entry.length !== 1 || served.length !== 1) continue
    const entryPlace: PlaceRef = requests.entry.at(row) === 'edge' ? `edge:${gateway}` : `region:${gateway}`
    const entryUs = attempts.durationUs[entry[0]]
    const servedUs = attempts.durationUs[served[0]]
    addPath(gathered.client, topology, `clients:${requests.group.at(row)}`, entryPlace, requests.durationUs[row] - entryUs)
    if (entry[0] !== served[0]) addPath(gathered.link, topology, entryPlace, `region:${region}`, entryUs - servedUs)
    addService(gathered.service, topology, attempts.service.at(served[0]), servedUs)
  }
  return { client: [...gathered.client.values()], link: [...gathered.link.values()], service: [...gathered.service.values()] }
}

interface Gathered { client: Map<string, PathResiduals>; link: Map<string, PathResiduals>; service: Map<string, ServiceResiduals> }

/** Rows of attempts that ended well, by request. */
function attemptsByRequest({ attempts }: History): Map<string, number[]> {
  const byRequest = new Map<string, number[]>()
  for (let row = 0; row < attempts.length; row++) {
    if (attempts.outcome.at(row) !== 'ok' || attempts.reason.at(row) === 'mirror') continue
    const id = attempts.requestId.at(row)
    const rows = byRequest.get(id)
    if (rows === undefined) byRequest.set(id, [row])
    else rows.push(row)
  }
  return byRequest
}

/** k6 stamps whole milliseconds, which is as much as the hops themselves: its rows say nothing of them. */
function exactRows({ plan }: RunRecord): (source: string, id: string) => boolean {
  const coarse = plan.loads.filter(({ engine }) => engine === 'k6').map(({ name }) => `${name}-`)
  return (source, id) => source === 'path-probe' || source === 'prober' || (source === 'load' && !coarse.some((prefix) => id.startsWith(prefix)))
}

function addPath(paths: Map<string, PathResiduals>, topology: Topology, from: PlaceRef, to: PlaceRef, tookUs: number): void {
  const rttUs = rttMs(topology, from, to) * 1000
  if (!Number.isFinite(rttUs)) return
  const key = `${from}>${to}`
  const path = paths.get(key) ?? { from, to, rttUs, beyondUs: [] }
  path.beyondUs.push(tookUs - rttUs)
  paths.set(key, path)
}

/** A service that works on a limited number at once makes others wait: its times are a queue's, not its own. */
function addService(services: Map<string, ServiceResiduals>, topology: Topology, name: string, tookUs: number): void {
  const stated = topology.services.find((service) => service.name === name)
  if (stated === undefined || stated.response.concurrency != null) return
  const service = services.get(name) ?? { service: name, ...statedTimes(stated), beyondUs: [] }
  service.beyondUs.push(tookUs - service.meanUs)
  services.set(name, service)
}

const quadraturePoints = 10_000

/** Mean and variance of what the topology states, by the arithmetic of the services themselves. */
function statedTimes({ response }: Service): { meanUs: number; varianceUs2: number } {
  // Runs of before there were other distributions do not name one.
  const behaviour = { ...response, distribution: response.distribution ?? 'uniform' }
  const times = Float64Array.from({ length: quadraturePoints }, (_, point) => echoDelayMs(behaviour, null, (point + 0.5) / quadraturePoints) * 1000)
  const meanUs = mean(times)
  return { meanUs, varianceUs2: mean(times.map((time) => (time - meanUs) ** 2)) }
}
