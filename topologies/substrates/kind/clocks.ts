// Where the clocks of pods and containers stand against this machine's.

import { systemClock } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import type { AdminPort } from '../sockets/admin-ports.ts'

interface ClockOffset {
  /** How far the other's monotonic clock is ahead of ours, microseconds; nought when it is ours. */
  offsetUs: number
  uncertaintyUs: number
}

const samples = 12

/** Fills in the offset of every process. Parts of a region are taken to share the clock of its gateway. */
export async function compareClocks(admin: readonly AdminPort[], offsets: Map<string, number>, clock: { uncertaintyUs: number }): Promise<void> {
  const compared = await Promise.all(admin.map(async (port) => ({ port, ...await clockOffset(port) })))
  for (const { port, offsetUs, uncertaintyUs } of compared) {
    const [part, name] = port.process.split('/')
    for (const process of part === 'edge' ? [port.process] : ['gateway', 'control-plane', 'services'].map((one) => `${one}/${name}`)) offsets.set(process, offsetUs)
    clock.uncertaintyUs = Math.max(clock.uncertaintyUs, uncertaintyUs)
  }
}

/**
 * Compares clocks as NTP does (RFC 5905, section 8): the sample with the shortest round trip, its middle. A machine's
 * processes and containers share CLOCK_MONOTONIC; whoever cannot be told from ours is taken for ours.
 */
async function clockOffset(port: AdminPort): Promise<ClockOffset> {
  let best: ClockOffset = { offsetUs: 0, uncertaintyUs: Infinity }
  for (let taken = 0; taken < samples; taken++) {
    const sentUs = systemClock.nowUs()
    const { status, body } = await port.ask('GET', '/clock')
    const heardUs = systemClock.nowUs()
    if (status !== 200) throw topologyError('RGT_SUBSTRATE_START', `${port.process} does not tell its clock`, { found: `status ${status}` })
    const uncertaintyUs = (heardUs - sentUs) / 2
    if (uncertaintyUs < best.uncertaintyUs) best = { offsetUs: (JSON.parse(body) as { nowUs: number }).nowUs - sentUs - uncertaintyUs, uncertaintyUs }
  }
  return Math.abs(best.offsetUs) <= best.uncertaintyUs ? { offsetUs: 0, uncertaintyUs: 0 } : best
}
