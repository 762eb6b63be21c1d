// What tracing costs: nanoseconds in the cores, spans a second through the exporter, and the same gateway with tracing off, with
// metrics alone, with every request traced, and with spans that wait in a ring. Processor time a request is the figure to trust:
// the collector shares the second processor with the client and the upstream.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { reference } from '../../gateway/drivers/reference.ts'
import type { GatewayBootstrap, GatewayTelemetry } from '../../gateway/dataplane/bootstrap.ts'
import type { SnapshotAddress } from '../../gateway/snapshot/snapshot.ts'
import { openExporter, type OtlpTarget, type SpanBatch } from '../../gateway/telemetry/export/index.ts'
import { encodeSpan, markKept, maxSpanBytes } from '../../gateway/telemetry/spans/codec.ts'
import { NameTable } from '../../gateway/telemetry/spans/names.ts'
import { bundlePrograms } from '../../topologies/substrates/sockets/bundle.ts'
import { claimRun, sweep } from '../../topologies/substrates/sockets/ownership.ts'
import { reservePorts } from '../../topologies/substrates/sockets/ports.ts'
import { supervise, type Supervisor } from '../../topologies/substrates/sockets/processes.ts'
import { writeRendering } from '../../topologies/substrates/local/products.ts'
import { quantile, rotated, summarise, type Bench, type BenchContext, type BenchResult } from './bench.ts'
import { openClient } from './client.ts'
import { measure, pinned, startProxy, startUpstream, type Contender } from './dataplane.ts'
import { batches } from './decision.ts'
import { oneRoute, type Proxy } from './proxies.ts'
import { samplings, span, tracingCores } from './tracing-cores.ts'

const defaultRounds = 5
const readyMs = 15_000
const token = 'a-token-for-benchmarks'

export const telemetry: Bench = {
  name: 'telemetry',
  description: 'nanoseconds of a sampling decision and of a span, spans a second exported, and what tracing costs a gateway, in turns',
  async run(context) {
    const cores = measureCores(context)
    sweep()
    const claim = claimRun(`bench-${process.pid}`)
    const workDir = mkdtempSync(join(tmpdir(), 'regatta-bench-'))
    claim.update(({ folders }) => folders.push(workDir))
    const supervisor = supervise(claim, workDir, { PATH: process.env.PATH }, { line() {}, state() {} })
    try {
      const ports = await reservePorts(claim, 16)
      const next = (): SnapshotAddress => ({ host: '127.0.0.1', port: ports.next() })
      const programs = await bundlePrograms()
      const [http, grpc] = [next(), next()]
      supervisor.start({ name: 'collector', command: firstOf(pinned(1), process.execPath), args: [...restOf(pinned(1), process.execPath), programs.collector], bootstrap: { http, grpc } })
      await supervisor.ready('collector', readyMs)
      const exported = await measureExport({ http, grpc }, context)
      const upstreamPort = ports.next()
      const upstream = await startUpstream(supervisor, workDir, upstreamPort, context)
      const gateways = await startGateways({ supervisor, workDir, program: programs.gateway, upstreamPort, collector: http, next })
      const client = openClient(pinned(1))
      await measure(gateways, client, context)
      return [...cores, ...exported, ...report(gateways, `${client.name}, upstream ${upstream}, OTLP over HTTP to the embedded collector`)]
    } finally {
      await supervisor.endAll(2000)
      rmSync(workDir, { recursive: true, force: true })
      claim.release()
    }
  },
}

const firstOf = (pin: readonly string[], command: string): string => [...pin, command][0]
const restOf = (pin: readonly string[], command: string): string[] => [...pin, command].slice(1)

function measureCores({ rounds, progress, signal }: BenchContext): BenchResult[] {
  const contenders = tracingCores()
  const values = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (let round = -1; round < (rounds ?? defaultRounds); round++) {
    for (const contender of rotated(contenders, round + 1)) {
      signal.throwIfAborted()
      const ns = quantile(batches(contender), 0.5)
      if (round >= 0) values.get(contender.name)!.push(ns)
    }
  }
  progress('cores measured')
  const notes: Record<string, string> = {
    span_dropped: 'written into the ring, where newer ones take its place', span_kept: 'written into a batch that is handed over',
    request_unsampled: 'context, head, one attempt, two spans into the ring', request_sampled: 'the same, both spans kept',
  }
  return [...values].map(([name, ns]) => summarise(name, ns, 'ns', notes[name]))
}

/** Through the exporting thread and over a socket to a collector that answers; the queue is kept full, nothing is shed. */
async function measureExport(collector: { http: SnapshotAddress; grpc: SnapshotAddress }, { rounds, progress, signal }: BenchContext): Promise<BenchResult[]> {
  const targets: OtlpTarget[] = [{ protocol: 'http/protobuf', ...collector.http }, { protocol: 'grpc', ...collector.grpc }]
  const results = []
  for (const target of targets) {
    const exporter = openExporter(target, { process: 'bench', region: '' })
    const names = new NameTable()
    const values: number[] = []
    for (let round = -1; round < (rounds ?? defaultRounds); round++) {
      signal.throwIfAborted()
      const [from, before] = [performance.now(), exporter.counts.sent]
      while (performance.now() - from < 1000) {
        if (exporter.counts.queued < 4096) exporter.export(batchOf(256, names))
        else await sleep(1)
      }
      if (round >= 0) values.push(((exporter.counts.sent - before) * 1000) / (performance.now() - from))
    }
    await exporter.close(2000)
    const { shed, failed, sent, sentBytes } = exporter.counts
    progress(`${target.protocol}: ${sent} spans sent`)
    results.push(summarise(`spans_exported{protocol:${target.protocol}}`, values, 'spans/s', `${(sentBytes / sent).toFixed(0)} octets a span, ${shed} shed, ${failed} failed`))
  }
  return results
}

function batchOf(spans: number, names: NameTable): SpanBatch {
  const bytes = new ArrayBuffer(spans * maxSpanBytes)
  const view = new DataView(bytes)
  let at = 0
  for (let index = 0; index < spans; index++) {
    const length = encodeSpan(view, at, names, span)
    markKept(view, at, 'policy')
    at += length
  }
  const told = names.untold
  names.told()
  return { spans, bytes: bytes.transfer(at), names: told }
}

interface Parts {
  supervisor: Supervisor
  workDir: string
  program: string
  upstreamPort: number
  collector: SnapshotAddress
  next(): SnapshotAddress
}

async function startGateways({ supervisor, workDir, program, upstreamPort, collector, next }: Parts): Promise<Contender[]> {
  const on: GatewayTelemetry = { otlp: { protocol: 'http/protobuf', ...collector }, report: false }
  const kinds = [
    { name: 'off', telemetry: null, sampling: undefined }, { name: 'metrics', telemetry: on, sampling: undefined },
    { name: 'always-on', telemetry: on, sampling: samplings['always-on'] }, { name: 'retroactive', telemetry: on, sampling: samplings.retroactive },
  ]
  const started: Contender[] = []
  for (const { name, telemetry: settings, sampling } of kinds) {
    const [ingress, admin] = [next(), next()]
    const stateDir = join(workDir, name)
    const rendering = reference.render(oneRoute(upstreamPort, sampling), { listen: { ingress, eastWest: null, admin }, stateDir, tuning: 'tuned', seed: 1, token })
    writeRendering(rendering, stateDir)
    if (settings !== null) withTelemetry(join(stateDir, 'bootstrap.json'), settings)
    const proxy: Proxy = { name, version: process.version, command: process.execPath, args: [program, ...rendering.argv], port: ingress.port, readiness: rendering.readiness }
    started.push(await startProxy(supervisor, proxy))
  }
  return started
}

function withTelemetry(file: string, settings: GatewayTelemetry): void {
  const bootstrap = JSON.parse(readFileSync(file, 'utf8')) as GatewayBootstrap
  writeFileSync(file, JSON.stringify({ ...bootstrap, telemetry: settings }), { mode: 0o600 })
}

function report(gateways: Contender[], setting: string): BenchResult[] {
  const [off, ...others] = gateways
  const added = (one: Contender): number[] => one.cpuUs.map((us, round) => us - off.cpuUs[round])
  const onAdded = added(gateways.find(({ name }) => name === 'always-on')!)
  return [
    ...gateways.flatMap(({ name, rates, cpuUs, errors }) => [
      summarise(`requests_per_second{tracing:${name}}`, rates, 'requests/s', errors > 0 ? `${errors} requests failed` : setting),
      summarise(`cpu_per_request{tracing:${name}}`, cpuUs, 'us'),
    ]),
    ...others.flatMap((one) => [
      summarise(`throughput_ratio{tracing:${one.name}}`, one.rates.map((rate, round) => rate / off.rates[round]), 'ratio', 'over off, by round'),
      summarise(`cpu_added{tracing:${one.name}}`, added(one), 'us', 'a request, beyond off, by round'),
    ]),
    summarise('cpu_cut{tracing:retroactive}', added(gateways.find(({ name }) => name === 'retroactive')!).map((us, round) => 1 - us / onAdded[round]), 'share',
      'of what always-on adds, by round'),
  ]
}
