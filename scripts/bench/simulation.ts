// How fast virtual time passes: the federation of fifteen regions, 2,000 services and 50,000 requests a second with a
// region lost for 30 of its 60 seconds, on one core, every request simulated and recorded; and how the cost of a
// request grows with regions, services and rate.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { rotated, summarise, type Bench, type BenchContext, type BenchResult } from './bench.ts'
import type { Scale, Taken } from './programs/simulation.ts'

const whole: Scale = { regions: 15, services: 1, rate: 1, seconds: null, record: true }
/** Ten seconds are enough for a comparison; the smallest is what the others are measured against. */
const short: Scale = { ...whole, seconds: 10 }
const growth: [string, Scale][] = [
  ['regions:4', { ...short, regions: 4 }], ['regions:8', { ...short, regions: 8 }],
  ['services:250', { ...short, services: 0.125 }], ['services:1000', { ...short, services: 0.5 }],
  ['rate:12500', { ...short, rate: 0.25 }], ['rate:25000', { ...short, rate: 0.5 }],
  ['full', short],
]
const defaultRounds = 3

export const simulation: Bench = {
  name: 'simulation',
  description: 'simulated seconds a second of the global federation (15 regions, 2,000 services, 50,000 requests/s, a region lost), and its growth; about 2 minutes a round',
  async run(context) {
    const rounds = context.rounds ?? defaultRounds
    const full: Taken[] = []
    const bare: Taken[] = []
    const grown = new Map<string, Taken[]>(growth.map(([name]) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      full.push(await measure(context, round, rounds, 'global-federation', whole))
      bare.push(await measure(context, round, rounds, 'global-federation without a record', { ...whole, record: false }))
      for (const [name, scale] of rotated(growth, round)) grown.get(name)!.push(await measure(context, round, rounds, name, scale))
    }
    const same = new Set(full.map(({ traceHash }) => traceHash)).size === 1
    return [
      ...figures('global-federation', full, `${full[0].requests} requests in ${full[0].virtualSeconds.toFixed(1)} virtual seconds; ${same ? 'every round the same trace' : 'TRACES DIFFER'}`),
      summarise('without_record{} simulated_seconds_per_second', bare.map(pace), 'x', 'nothing written'),
      ...[...grown].map(([name, taken]) => summarise(`request_cost{${name}}`, taken.map(costUs), 'us CPU',
        `${taken[0].regions} regions, ${taken[0].services} services, ${taken[0].offeredRate} requests/s offered`)),
      ...[...grown].filter(([name]) => name !== 'full').map(([name, taken]) => summarise(`growth{from ${name} to full}`,
        grown.get('full')!.map((all, round) => costUs(all) / costUs(taken[round])), 'x', 'cost of a request, same rounds')),
    ]
  },
}

const pace = ({ virtualSeconds, wallSeconds }: Taken): number => virtualSeconds / wallSeconds
const costUs = ({ cpuSeconds, requests }: Taken): number => (cpuSeconds * 1e6) / requests

function figures(name: string, taken: readonly Taken[], note: string): BenchResult[] {
  return [
    summarise(`${name} simulated_seconds_per_second`, taken.map(pace), 'x', note),
    summarise(`${name} simulated_seconds_per_cpu_second`, taken.map(({ virtualSeconds, cpuSeconds }) => virtualSeconds / cpuSeconds), 'x'),
    summarise(`${name} requests_per_second`, taken.map(({ requests, wallSeconds }) => requests / wallSeconds), '1/s'),
    summarise(`${name} events_per_second`, taken.map(({ events, wallSeconds }) => events / wallSeconds), '1/s'),
    summarise(`${name} memory`, taken.map(({ maxRssMb }) => maxRssMb), 'MiB', 'most resident memory of the process'),
  ]
}

async function measure(context: BenchContext, round: number, rounds: number, name: string, scale: Scale): Promise<Taken> {
  context.signal.throwIfAborted()
  const program = join(import.meta.dirname, 'programs', 'simulation.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(scale)], { signal: context.signal, maxBuffer: 1 << 20 })
  const taken = JSON.parse(stdout) as Taken
  context.progress(`round ${round + 1} of ${rounds}: ${name}: ${taken.virtualSeconds.toFixed(1)} s in ${taken.wallSeconds.toFixed(1)} s (${pace(taken).toFixed(2)} x), ${costUs(taken).toFixed(2)} us CPU a request, ${Math.round(taken.maxRssMb)} MiB`)
  return taken
}
