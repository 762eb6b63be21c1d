// The gateway as a process: it starts from its last good snapshot when nobody answers, reports as it lives,
// and ends when its owner is gone.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { encodeLastGood } from '../controlplane/last-good.ts'
import type { GatewayEvent } from '../ports.ts'
import { versionOf } from '../snapshot/version.ts'
import { parseEvidence } from '../telemetry/evidence.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import { defaultLimits, type GatewayBootstrap } from './bootstrap.ts'
import { ask, closeAll, refusingAddress, regionSnapshot, serviceWith, settle, token } from './testbed.case.ts'

const folders: string[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  await closeAll()
})

function lastGood(endpoints: SnapshotAddress[]): string {
  const snapshot = regionSnapshot(endpoints.map(({ host, port }) => ({ host, port })), { revision: 7 })
  return encodeLastGood({ ...snapshot, version: versionOf(snapshot) })
}

async function started(snapshotText: string | null) {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
  folders.push(folder)
  if (snapshotText !== null) writeFileSync(join(folder, 'snapshot.json'), snapshotText)
  const [ingress, eastWest, admin, plane] = await Promise.all([refusingAddress(), refusingAddress(), refusingAddress(), refusingAddress()])
  const bootstrap: GatewayBootstrap = {
    name: 'here-gateway', role: 'region', region: 'here', token, controlPlanes: [plane], stateDir: folder, seed: 1,
    limits: { ...defaultLimits, drainMs: 500 }, listen: { ingress, eastWest, admin },
  }
  const file = join(folder, 'bootstrap.json')
  writeFileSync(file, JSON.stringify(bootstrap))
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), file], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const events: GatewayEvent[] = []
  let rest = ''
  child.stdout.on('data', (bytes) => {
    const lines = (rest + bytes).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const parsed = parseEvidence(line)
      if (parsed?.[0] === 'event') events.push(parsed[1])
    }
  })
  const until = async (kind: GatewayEvent['kind']): Promise<GatewayEvent> => {
    for (let tries = 0; tries < 500; tries++) {
      const found = events.find((event) => event.kind === kind)
      if (found !== undefined) return found
      await settle(20)
    }
    throw new Error(`no ${kind} among ${JSON.stringify(events)}`)
  }
  return { child, events, until, ingress }
}

test('serves the last good snapshot while no control plane answers, and ends with its owner', async () => {
  const upstream = await serviceWith((_, response) => response.end('served'))
  const { child, events, until, ingress } = await started(lastGood([upstream]))
  await until('ready')
  expect(events.find(({ kind }) => kind === 'snapshot-applied')).toMatchObject({ revision: 7, routes: 1 })
  expect(events.some((event) => event.kind === 'log' && event.code === 'RGT_NOT_READY' && event.message.includes('revision 7'))).toBe(true)
  expect((await ask(ingress)).body).toBe('served')
  expect(await until('usage')).toMatchObject({ rssBytes: expect.any(Number), requests: 1 })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  child.stdin.end()
  expect(await ended).toBe(0)
})

test('a last good snapshot that was altered is not believed: requests are refused with a reason', async () => {
  const text = lastGood([]).replace('"revision":7', '"revision":8')
  const { events, until, ingress } = await started(text)
  await until('ready')
  expect(events.some((event) => event.kind === 'log' && event.code === 'RGT_SNAPSHOT_STATE')).toBe(true)
  expect((await ask(ingress)).headers['x-regatta-reason']).toBe('RGT_NOT_READY')
})
