// Processes that are killed while they are starting: each birth counts once, and whoever waits for one is told of it.

import { expect, test } from 'vitest'
import { gatewayConfig } from '../../gateway-config.ts'
import { loadTopology } from '../../load.ts'
import type { RegionPart } from '../../topology.ts'
import { Recording, seconds } from '../../substrate-tour.case.ts'
import { simulatedSubstrate } from './simulated.ts'

const topology = await loadTopology('three-regions')
const config = await gatewayConfig(topology)
const at = (part: RegionPart) => [{ region: 'eu-west', parts: [part] }]

async function play(part: RegionPart, steps: [atS: number, kind: 'apply' | 'heal', fault: 'kill' | 'kill again' | 'pause' | 'stop'][]): Promise<string[]> {
  const record = new Recording()
  await using deployment = await simulatedSubstrate.start({
    topology, config, seed: 1, runDir: '', history: record, tools: { allowEmbedded: true, allowInstall: false }, signal: new AbortController().signal,
    progress: () => {}, options: { gateway: 'reference', collectGarbageEveryMs: 0 },
  })
  for (const [atS, kind, fault] of steps) {
    const primitive = { kind: fault === 'kill again' ? 'kill' as const : fault, at: at(part) }
    deployment.at(atS * seconds, { kind, fault, index: 0, primitive })
  }
  await deployment.run(3 * seconds, new AbortController().signal)
  return record.events.flatMap((event) => event.kind === 'process' ? [`${(event.atUs / seconds).toFixed(2)} ${event.state}`]
    : event.kind === 'fault-healed' ? [`${(event.atUs / seconds).toFixed(2)} ${event.fault} healed`] : [])
}

test('a kill is over when the process serves again, however long the fault is meant to last', async () => {
  expect(await play('services', [[0.1, 'apply', 'kill'], [1, 'heal', 'kill']])).toEqual(['0.10 killed', '0.10 started', '0.35 ready', '1.00 kill healed'])
  expect(await play('services', [[0.1, 'apply', 'kill'], [0.2, 'heal', 'kill']])).toEqual(['0.10 killed', '0.10 started', '0.35 ready', '0.35 kill healed'])
})

test.each(['services', 'control-plane'] as const)('%s killed again before they were up are born once more, and not twice', async (part) => {
  const told = await play(part, [[0.1, 'apply', 'kill'], [0.15, 'heal', 'kill'], [0.2, 'apply', 'kill again'], [0.25, 'heal', 'kill again']])
  const upAt = part === 'services' ? '0.45' : '0.50'
  expect(told).toEqual(['0.10 killed', '0.10 started', '0.20 killed', '0.20 started', `${upAt} ready`, `${upAt} kill healed`, `${upAt} kill again healed`])
})

test('what another fault keeps down is not started by a kill', async () => {
  expect(await play('services', [[0.1, 'apply', 'stop'], [0.2, 'apply', 'kill'], [0.3, 'heal', 'kill'], [0.6, 'heal', 'stop']]))
    .toEqual(['0.10 killed', '0.30 kill healed', '0.60 started', '0.85 ready', '0.85 stop healed'])
})

test('what was paused is killed all the same, and paused when it is up', async () => {
  const told = await play('services', [[0.1, 'apply', 'pause'], [0.2, 'apply', 'kill'], [1, 'heal', 'kill'], [1.2, 'heal', 'pause']])
  expect(told).toEqual(['0.10 paused', '0.20 killed', '0.20 started', '0.45 ready', '0.45 paused', '1.00 kill healed', '1.20 resumed', '1.20 pause healed'])
})
