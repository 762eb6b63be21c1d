// What one core carries: every proxy on the first processor, upstream and client on the second, one proxy loaded at a
// time, taking turns. Processor time a request is the figure to trust; requests a second also depend on who shares
// the machine.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTool } from '../../topologies/tools/index.ts'
import { claimRun, sweep } from '../../topologies/substrates/sockets/ownership.ts'
import { reservePorts } from '../../topologies/substrates/sockets/ports.ts'
import { supervise, type Supervisor } from '../../topologies/substrates/sockets/processes.ts'
import { untilReady } from '../../topologies/substrates/local/products.ts'
import { projectRoot } from '../environment.ts'
import { missing, rotated, summarise, type Bench, type BenchContext, type BenchResult } from './bench.ts'
import { inPath, openClient, type Client } from './client.ts'
import { benchHost, findProxies, type Proxy, type ProxyAbsent } from './proxies.ts'

const bodyBytes = 258
const secondsPerTurn = 2
const warmSeconds = 1
const defaultRounds = 5
const readyMs = 15_000
/** Clock ticks a second of /proc/PID/stat: USER_HZ, which Linux fixes at 100 for everything outside the kernel. */
const ticksPerSecond = 100

export const dataplane: Bench = {
  name: 'dataplane',
  description: 'requests a second and processor time a request on one core, beside Envoy, HAProxy, nginx and @fastify/http-proxy',
  async run(context) {
    sweep()
    const claim = claimRun(`bench-${process.pid}`)
    const workDir = mkdtempSync(join(tmpdir(), 'regatta-bench-'))
    claim.update(({ folders }) => folders.push(workDir))
    const supervisor = supervise(claim, workDir, { PATH: process.env.PATH }, { line() {}, state() {} })
    try {
      const ports = await reservePorts(claim, 16)
      const upstreamPort = ports.next()
      const { present, absent } = await findProxies({
        workDir, upstreamPort, nextPort: () => ports.next(), tools: context.tools, only: context.only, token: randomBytes(16).toString('hex'),
      })
      const client = openClient(pinned(1))
      const upstream = await startUpstream(supervisor, workDir, upstreamPort, context)
      context.progress(`client ${client.name}, upstream ${upstream}, ${present.map(({ name, version }) => `${name} ${version}`).join(', ')}`)
      const contenders = await Promise.all(present.map((proxy) => startProxy(supervisor, proxy)))
      const ceiling: Contender = { name: 'direct', port: upstreamPort, pid: null, rates: [], cpuUs: [], errors: 0 }
      await measure([ceiling, ...contenders], client, context)
      return report(ceiling, contenders, absent, `${client.name}, 64 connections, ${bodyBytes} bytes, upstream ${upstream}`)
    } finally {
      await supervisor.endAll(2000)
      rmSync(workDir, { recursive: true, force: true })
      claim.release()
    }
  },
}

export interface Contender {
  name: string
  port: number
  pid: number | null
  rates: number[]
  /** Microseconds a request; empty where the system does not tell. */
  cpuUs: number[]
  errors: number
}

/** What comes before a command to hold it to a processor; nothing where that cannot be done. */
export function pinned(processor: number): string[] {
  const taskset = inPath('taskset')
  return taskset === null || cpus().length < 2 ? [] : [taskset, '-c', String(processor)]
}

export async function startUpstream(supervisor: Supervisor, workDir: string, port: number, { tools }: BenchContext): Promise<string> {
  const nginx = await findTool('nginx', { ...tools, allowInstall: false })
  const name = 'upstream'
  const [kind, command, ...args] = 'path' in nginx
    ? ['nginx', ...pinned(1), nginx.path, '-p', `${workDir}/`, '-c', writeUpstream(workDir, port), '-e', 'stderr']
    : ['node:http', ...pinned(1), process.execPath, join(projectRoot, 'scripts', 'bench', 'programs', 'upstream.ts'), String(port), String(bodyBytes)]
  supervisor.start({ name, command, args })
  await untilReady({ address: { host: '127.0.0.1', port }, path: '/' }, {
    name, exited: supervisor.ended(name), stderr: () => supervisor.lastWords(name), timeoutMs: readyMs,
  })
  return kind
}

function writeUpstream(workDir: string, port: number): string {
  const file = join(workDir, 'upstream.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name}_temp;`).join(' ')
  writeFileSync(file, [
    'daemon off; master_process off; pid upstream.pid; error_log stderr warn; events { worker_connections 4096; }',
    `http { access_log off; keepalive_requests 1000000000; ${temporary}`,
    `  server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${'x'.repeat(bodyBytes)}"; } }`,
    '}', '',
  ].join('\n'))
  return file
}

export async function startProxy(supervisor: Supervisor, { name, command, args, port, readiness }: Proxy): Promise<Contender> {
  const [first, ...rest] = [...pinned(0), command, ...args]
  const child = supervisor.start({ name, command: first, args: rest })
  await untilReady(readiness, { name, exited: supervisor.ended(name), stderr: () => supervisor.lastWords(name), timeoutMs: readyMs })
  return { name, port, pid: child.pid ?? null, rates: [], cpuUs: [], errors: 0 }
}

export async function measure(contenders: Contender[], client: Client, { progress, rounds, signal }: BenchContext): Promise<void> {
  const count = rounds ?? defaultRounds
  for (let round = -1; round < count; round++) {
    for (const contender of rotated(contenders, round + 1)) {
      signal.throwIfAborted()
      const before = processorUs(contender.pid)
      const { requests, requestsPerSecond, errors } = await client.load(`http://127.0.0.1:${contender.port}/`, benchHost, round < 0 ? warmSeconds : secondsPerTurn)
      const after = processorUs(contender.pid)
      if (round < 0) continue
      contender.rates.push(requestsPerSecond)
      contender.errors += errors
      if (before !== null && after !== null && requests > 0) contender.cpuUs.push((after - before) / requests)
      progress(`round ${round + 1} of ${count}: ${contender.name} ${Math.round(requestsPerSecond)} requests/s${errors > 0 ? `, ${errors} errors` : ''}`)
    }
  }
}

/** Processor time that a process has used, user and system, all threads; null where there is no /proc. */
function processorUs(pid: number | null): number | null {
  if (pid === null) return null
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 (proc(5)).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6
  } catch {
    return null
  }
}

function report(ceiling: Contender, contenders: Contender[], absent: ProxyAbsent[], setting: string): BenchResult[] {
  const reference = contenders.find(({ name }) => name === 'reference')!
  const others = contenders.filter((one) => one !== reference)
  const ratio = (a: number[], b: number[]): number[] => a.map((value, round) => value / b[round])
  return [
    summarise('requests_per_second{proxy:none}', ceiling.rates, 'requests/s', `client straight to the upstream; ${setting}`),
    ...contenders.flatMap(({ name, rates, cpuUs, errors }) => [
      summarise(`requests_per_second{proxy:${name}}`, rates, 'requests/s', errors > 0 ? `${errors} requests failed` : undefined),
      cpuUs.length > 0 ? summarise(`cpu_per_request{proxy:${name}}`, cpuUs, 'us')
        : missing(`cpu_per_request{proxy:${name}}`, 'us', 'this system has no /proc'),
    ]),
    ...others.flatMap(({ name, rates, cpuUs }) => [
      summarise(`throughput_ratio{reference_over:${name}}`, ratio(reference.rates, rates), 'ratio', 'by round; above 1 the reference carries more'),
      ...(cpuUs.length === 0 ? [] : [summarise(`cpu_ratio{reference_over:${name}}`, ratio(reference.cpuUs, cpuUs), 'ratio', 'by round; below 1 the reference needs less')]),
    ]),
    ...absent.map(({ name, reason }) => missing(`requests_per_second{proxy:${name}}`, 'requests/s', reason)),
  ]
}
