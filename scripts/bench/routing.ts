// What the routing core costs a request at scale, as the simulation drives it: one edge and one region of four services
// beside thirty cores of two thousand, whose tables are larger than the processor's caches. The events of the benchmark
// itself are timed alone and taken off.

import { summarise, rotated, type Bench, type BenchResult } from './bench.ts'
import { makeFederation, type Federation, type FederationSize } from './federation.ts'

const sizes: Record<'small' | 'full', FederationSize> = {
  small: { regions: 1, services: 4, spread: [1, 1], perSecond: 3_333 },
  full: { regions: 15, services: 2_000, spread: [3, 8], perSecond: 50_000 },
}
type Size = keyof typeof sizes

/** Requests in a block, and before the first: until every popular service is measured. */
const blockRequests = 20_000
const warmRequests = 150_000
const defaultRounds = 15

export const routing: Bench = {
  name: 'routing',
  description: 'cost of a pass of a request through the routing core, small and at 15 regions x 2,000 services, nanoseconds',
  async run({ rounds, progress, signal }) {
    const contenders = (Object.keys(sizes) as Size[]).map((size) => {
      progress(`warming up: ${size}`)
      return { size, busy: warmed(sizes[size], false), idle: warmed(sizes[size], true), passNs: [] as number[] }
    })
    for (let round = 0; round < (rounds ?? defaultRounds); round++) {
      progress(`round ${round + 1} of ${rounds ?? defaultRounds}`)
      for (const { size, busy, idle, passNs } of rotated(contenders, round)) passNs.push(block(busy, sizes[size]) - block(idle, sizes[size]))
      await new Promise((resolve) => { setImmediate(resolve) })
      signal.throwIfAborted()
    }
    const [small, full] = contenders.map(({ passNs }) => passNs)
    const said = `${small.length} blocks of ${blockRequests} requests, the benchmark's own events taken off`
    return [
      summarise('pass{cores:2,services:4}', small, 'ns', said),
      summarise('pass{cores:30,services:2000}', full, 'ns', `${said}; ticks and probes included`),
      summarise('pass_scale', full.map((value, round) => value / small[round]), 'ratio', 'thirty cores over two, by round'),
    ] satisfies BenchResult[]
  },
}

function warmed(size: FederationSize, idle: boolean): Federation {
  const federation = makeFederation(size, idle)
  federation.run((warmRequests / size.perSecond) * 1e6)
  return federation
}

/** Nanoseconds a pass. */
function block(federation: Federation, { perSecond }: FederationSize): number {
  const before = federation.passes
  const from = performance.now()
  federation.run((blockRequests / perSecond) * 1e6)
  return ((performance.now() - from) * 1e6) / (federation.passes - before)
}
