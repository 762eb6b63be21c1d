// One simulation of the federation at a given scale, in a process of its own, so that its memory is its own. Takes the
// scale as JSON on the command line, prints what it took as JSON.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declare } from '../../../scenarios/declare.ts'
import { loadScenarioAndTopology } from '../../../scenarios/load-scenario.ts'
import { overlay } from '../../../scenarios/overlay.ts'
import { plan } from '../../../scenarios/plan.ts'
import type { Scenario } from '../../../scenarios/scenario.ts'
import { withRegions } from '../../../scenarios/sweep/fewer-regions.ts'
import { gatewayConfig } from '../../../topologies/gateway-config.ts'
import { openHistory } from '../../../topologies/history/open.ts'
import type { HistorySink } from '../../../topologies/history.ts'
import { simulatedSubstrate } from '../../../topologies/substrates/simulated/simulated.ts'
import type { Topology } from '../../../topologies/topology.ts'

export interface Scale {
  regions: number
  /** Share of the services, and of the rate, that is kept. */
  services: number
  rate: number
  /** Virtual seconds; null = as the scenario says. */
  seconds: number | null
  /** false: nothing is recorded. */
  record: boolean
}

export interface Taken {
  regions: number
  services: number
  offeredRate: number
  virtualSeconds: number
  wallSeconds: number
  cpuSeconds: number
  requests: number
  events: number
  maxRssMb: number
  traceHash: string
}

const scale = JSON.parse(process.argv[2] ?? '') as Scale
process.stdout.write(`${JSON.stringify(await simulate(scale))}\n`)

async function simulate({ regions, services, rate, seconds, record }: Scale): Promise<Taken> {
  const loaded = await loadScenarioAndTopology('global-federation')
  const subject = fewer(loaded.scenario, loaded.topology, regions, services)
  const scenario: Scenario = { ...subject.scenario, loads: subject.scenario.loads.map((load) => ({ ...load, ratePerSecond: load.ratePerSecond * rate })) }
  const planned = plan(seconds === null ? scenario : { ...scenario, timeline: shortened(seconds * 1e6) }, subject.topology, 1)
  const runDir = mkdtempSync(join(tmpdir(), 'regatta-bench-'))
  const history = record ? openHistory(runDir) : null
  const nothing: HistorySink = { event() {}, request() {}, attempt() {} }
  const used = process.cpuUsage()
  const sinceMs = performance.now()
  const signal = new AbortController().signal
  const deployment = await simulatedSubstrate.start({
    topology: planned.topology, config: overlay(await gatewayConfig(planned.topology), scenario.config), seed: 1, runDir, history: history ?? nothing, signal,
    tools: { allowEmbedded: true, allowInstall: false }, progress: () => {},
    options: { gateway: 'reference', collectGarbageEveryMs: 0, simulation: { record } },
  })
  declare(deployment, planned)
  await deployment.run(planned.endUs, signal)
  await history?.finalise()
  const { user, system } = process.cpuUsage(used)
  const { events, requests, virtualUs, hash } = deployment.inventory.trace!
  const wallSeconds = (performance.now() - sinceMs) / 1000
  rmSync(runDir, { recursive: true, force: true })
  return {
    regions, services: planned.topology.services.length, offeredRate: planned.offeredRate ?? 0, virtualSeconds: virtualUs / 1e6, wallSeconds,
    cpuSeconds: (user + system) / 1e6, requests, events, maxRssMb: process.resourceUsage().maxRSS / 1024, traceHash: hash,
  }
}

/** One region lost for a third of the time. */
function shortened(us: number): Scenario['timeline'] {
  return { warmupUs: us * 0.1, steadyUs: us * 0.3, faultUs: us * 0.35, healingUs: us * 0.2, recoveredUs: us * 0.05 }
}

/** Fewer regions and every n-th service; what nobody runs any more is not asked for either. */
function fewer(scenario: Scenario, topology: Topology, regions: number, share: number): { scenario: Scenario; topology: Topology } {
  const named = topology.regions.map(({ name }) => name).filter((name) => scenario.method.some(({ parameters }) => Object.values(parameters).includes(name)))
  const kept = new Set([...named, ...topology.regions.map(({ name }) => name).filter((name) => !named.includes(name))].slice(0, regions))
  const every = Math.round(1 / share)
  const services = topology.services.filter((service, index) => index % every === 0 && service.regions.some((region) => kept.has(region)))
  const routes = new Set(services.map(({ name }) => name.replace(/:\d+$/, '')))
  const loads = scenario.loads
    .map((load) => ({ ...load, mix: load.mix.filter(({ host, path }) => routes.has(`${host.split('.')[0]}/${path.split('/')[1]}`)) }))
    .filter(({ mix }) => mix.length > 0)
  const { scenario: left, topology: smaller } = withRegions({ scenario: { ...scenario, loads }, topology: { ...topology, services }, base: [] }, regions)
  return { scenario: left, topology: smaller }
}
