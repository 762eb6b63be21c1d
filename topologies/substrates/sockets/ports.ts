// Ports for a run, below the ephemeral range, so that no outgoing connection takes the port of a process
// that was killed and must come back to it. Runs keep apart by the ports in their claims.

import { createServer } from 'node:net'
import { topologyError } from '../../errors.ts'
import { claims, type Claim } from './ownership.ts'

const lowest = 12_000
/** The first ephemeral port of Linux is 32768; macOS starts at 49152. */
const highest = 32_000

/** What one run may ask for: half of what there is, so that a free block can be found beside other runs. */
export const mostPorts = (highest - lowest) / 2

export interface PortBlock { next(): number }

/** Reserves `count` free loopback ports that lie together, and notes them in the claim. */
export async function reservePorts(claim: Claim, count: number): Promise<PortBlock> {
  const span = highest - lowest - count
  for (let attempt = 0; attempt < 50; attempt++) {
    // Spread by pid and attempt: neighbours start far apart, and the same run is not random.
    const from = lowest + ((process.pid * 977 + attempt * 1409) % span)
    const to = from + count
    claim.update((document) => { document.ports = { from, to } })
    const collides = claims().some(({ run, ports }) => run !== claim.document.run && ports.from < to && from < ports.to)
    if (collides || !(await allFree(from, to))) continue
    let next = from
    return {
      next() {
        if (next >= to) throw topologyError('RGT_PORT', `more than the ${count} ports reserved were asked for`)
        return next++
      },
    }
  }
  throw topologyError('RGT_PORT', `no ${count} free loopback ports lie together between ${lowest} and ${highest}`, {
    hint: 'many topologies may be up: `regatta down --all` ends them',
  })
}

async function allFree(from: number, to: number): Promise<boolean> {
  const ports = Array.from({ length: to - from }, (_, index) => from + index)
  return (await Promise.all(ports.map(isFree))).every(Boolean)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)))
  })
}
