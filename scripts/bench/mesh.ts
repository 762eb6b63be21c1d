// What a mesh costs: the same gateway with its services behind it, and with a Consul mesh between them, on one machine at
// once and asked in turns. The plain one stands twice, so that the table shows what it takes for a difference when there is none.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { decodeLastGood } from '../../gateway/controlplane/last-good.ts'
import { systemClock } from '../../gateway/runtime.ts'
import type { Snapshot } from '../../gateway/snapshot/snapshot.ts'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import { loadTopology } from '../../topologies/load.ts'
import { readMeshUse, withMesh } from '../../topologies/meshes/use.ts'
import type { Deployment } from '../../topologies/substrate.ts'
import { decisionNsOf } from '../../topologies/substrates/sockets/generator/outcome.ts'
import { localSubstrate } from '../../topologies/substrates/local/local.ts'
import { findTool } from '../../topologies/tools/index.ts'
import type { Topology } from '../../topologies/topology.ts'
import { missing, quantile, rotated, summarise, type Bench, type BenchContext, type BenchResult } from './bench.ts'
import { batches, decider, type Contender as Decider } from './decision.ts'

const defaultRounds = 30
/** A block lasts a few tenths of a second: many of them, so that a noisy moment weighs on one or two. */
const requestsPerBlock = 150
/** All are asked at one pace, because a gateway that waits longer decides slower: its code has left the caches. */
const paceUs = 2_000
const warmBlocks = 3
const savedWithinUs = 10e6
const region = 'eu-west'
const path = '/catalog/items'
const host = 'shop.example.com'

export const mesh: Bench = {
  name: 'mesh',
  description: 'decision time of the gateway and request latency, with a Consul mesh behind it and without, in turns; about a minute and a quarter',
  async run(context) {
    for (const name of ['consul', 'envoy']) {
      const found = await findTool(name, context.tools)
      if ('reason' in found) return [missing('decision_ratio{mesh:consul}', 'ratio', found.reason)]
    }
    const topology = idleServices(await loadTopology('two-regions'))
    const workDir = mkdtempSync(join(tmpdir(), 'regatta-bench-'))
    const opened: Deployment[] = []
    try {
      const open = async (word: string): Promise<Standing> => {
        const runDir = join(workDir, word)
        const deployment = await start(withMesh(topology, readMeshUse(word)), runDir, context)
        opened.push(deployment)
        return { origin: deployment.inventory.ingress![region], snapshot: await snapshotIn(runDir) }
      }
      const [plain, consul] = [await open('none'), await open('consul')]
      const contenders = [contender('none', plain), contender('control', plain), contender('consul', consul)]
      try {
        await measure(contenders, context)
      } finally {
        await Promise.all(contenders.map(({ pool }) => pool.close()))
      }
      return report(contenders)
    } finally {
      for (const deployment of opened) await deployment[Symbol.asyncDispose]()
      rmSync(workDir, { recursive: true, force: true })
    }
  },
}

interface Standing { origin: string; snapshot: Snapshot }

/** What the region's gateway serves by: a moment after it has begun, it keeps its last good snapshot beside it. */
async function snapshotIn(runDir: string): Promise<Snapshot> {
  const file = join(runDir, 'work', `gateway.${region}`, 'snapshot.json')
  for (const untilUs = systemClock.nowUs() + savedWithinUs; !existsSync(file) && systemClock.nowUs() < untilUs;) await sleep(100)
  return decodeLastGood(readFileSync(file, 'utf8'), region)
}

/** Services that answer at once: what is left of the latency is the way. */
function idleServices(topology: Topology): Topology {
  return { ...topology, services: topology.services.map((service) => ({ ...service, response: { ...service.response, latencyMs: 0, jitterMs: 0 } })) }
}

async function start(topology: Topology, runDir: string, { tools, signal, progress }: BenchContext): Promise<Deployment> {
  return localSubstrate.start({
    topology, config: await gatewayConfig(topology), seed: 1, runDir, tools, signal,
    progress: (stage, text) => progress(`${topology.mesh}: ${stage} ${text}`),
    history: { event() {}, request() {}, attempt() {} }, options: { gateway: 'reference', collectGarbageEveryMs: 0 },
  })
}

interface Contender {
  name: string
  pool: Pool
  /** Match and choice alone, by the gateway's own snapshot, in this process. */
  core: Decider
  coreNs: number[]
  /** One value a block: medians of decision (ns) and of latency (µs), and the decision's 99th percentile. */
  decisionNs: number[]
  decisionP99Ns: number[]
  latencyUs: number[]
}

const contender = (name: string, { origin, snapshot }: Standing): Contender => ({
  name, pool: new Pool(origin, { connections: 1 }), core: decider({ snapshot, host, paths: [path] }),
  coreNs: [], decisionNs: [], decisionP99Ns: [], latencyUs: [],
})

async function measure(contenders: Contender[], { progress, rounds, signal }: BenchContext): Promise<void> {
  const count = rounds ?? defaultRounds
  for (let round = -warmBlocks; round < count; round++) {
    for (const one of rotated(contenders, round + warmBlocks)) {
      const { decisionNs, latencyUs } = await block(one.pool, signal)
      const core = quantile(batches(one.core), 0.5)
      if (round < 0) continue
      one.coreNs.push(core)
      one.decisionNs.push(quantile(decisionNs, 0.5))
      one.decisionP99Ns.push(quantile(decisionNs, 0.99))
      one.latencyUs.push(quantile(latencyUs, 0.5))
    }
    if (round >= 0 && (round + 1) % 10 === 0) progress(`round ${round + 1} of ${count}`)
  }
}

/** One request after another over one connection, as many a second from whomever; both ascending. Throws when a request is not answered as it should be. */
async function block(pool: Pool, signal: AbortSignal): Promise<{ decisionNs: Float64Array; latencyUs: Float64Array }> {
  const [decisionNs, latencyUs] = [new Float64Array(requestsPerBlock), new Float64Array(requestsPerBlock)]
  const beginUs = systemClock.nowUs()
  for (let at = 0; at < requestsPerBlock; at++) {
    const earlyUs = beginUs + at * paceUs - systemClock.nowUs()
    if (earlyUs > 0) await sleep(earlyUs / 1000)
    const from = systemClock.nowNs()
    const { statusCode, headers, body } = await pool.request({ method: 'GET', path, headers: { host }, signal })
    await body.dump()
    latencyUs[at] = Number(systemClock.nowNs() - from) / 1000
    decisionNs[at] = decisionNsOf(String(headers['server-timing']))
    if (statusCode !== 200 || headers['x-echo-region'] !== region || decisionNs[at] <= 0) {
      throw new Error(`a gateway of the benchmark answered ${statusCode} from ${String(headers['x-echo-region'])}, ${String(headers['server-timing'])}`)
    }
  }
  return { decisionNs: decisionNs.sort(), latencyUs: latencyUs.sort() }
}

function report(contenders: Contender[]): BenchResult[] {
  const [none, control, consul] = contenders
  const said = `${none.latencyUs.length} blocks of ${requestsPerBlock} requests, ${1e6 / paceUs} a second, one connection`
  const by = (how: (a: number, b: number) => number, a: number[], b: number[]): number[] => a.map((value, round) => how(value, b[round]))
  const over = (a: number, b: number): number => a / b
  const above = (a: number, b: number): number => a - b
  const compared = (name: string, unit: string, values: number[]): BenchResult => summarise(name, values, unit, `by round; ${intervalWords(values)}`)
  return [
    ...contenders.flatMap(({ name, coreNs, decisionNs, decisionP99Ns, latencyUs }) => [
      summarise(`core_p50{mesh:${name}}`, coreNs, 'ns', 'match and choice by that gateway\'s snapshot, in batches in one process'),
      summarise(`decision_p50{mesh:${name}}`, decisionNs, 'ns', name === 'control' ? 'the same gateway as none, once more' : said),
      summarise(`decision_p99{mesh:${name}}`, decisionP99Ns, 'ns'),
      summarise(`latency_p50{mesh:${name}}`, latencyUs, 'us'),
    ]),
    compared('core_ratio{control_over:none}', 'ratio', by(over, control.coreNs, none.coreNs)),
    compared('core_ratio{consul_over:none}', 'ratio', by(over, consul.coreNs, none.coreNs)),
    compared('decision_ratio{control_over:none}', 'ratio', by(over, control.decisionNs, none.decisionNs)),
    compared('decision_ratio{consul_over:none}', 'ratio', by(over, consul.decisionNs, none.decisionNs)),
    compared('latency_ratio{control_over:none}', 'ratio', by(over, control.latencyUs, none.latencyUs)),
    compared('latency_ratio{consul_over:none}', 'ratio', by(over, consul.latencyUs, none.latencyUs)),
    compared('latency_added{consul_to:none}', 'us', by(above, consul.latencyUs, none.latencyUs)),
  ]
}

function intervalWords(values: readonly number[]): string {
  const interval = medianInterval(values)
  return interval === null ? 'too few rounds for an interval' : `95 % interval of the median ${interval.map((value) => value.toPrecision(4)).join(' to ')}`
}

/** 1.96 standard deviations of a normal distribution on each side. */
const z95 = 1.96

/**
 * Free of any shape: ranks between which the median lies with 95 % (W. J. Conover, Practical Nonparametric Statistics, 1999,
 * 3.2, binomial in its normal approximation). null with fewer than six values, of which no two ranks are that sure.
 */
export function medianInterval(values: readonly number[]): [number, number] | null {
  const { length } = values
  if (length < 6) return null
  const sorted = values.toSorted((a, b) => a - b)
  const low = Math.max(1, Math.floor((length - z95 * Math.sqrt(length)) / 2))
  return [sorted[low - 1], sorted[length - low]]
}
