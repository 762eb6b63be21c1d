// What is kept on disk, and what is not believed when it is read again.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GatewayEvent } from '../ports.ts'
import { systemClock } from '../runtime.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { openLastGood, type LastGood } from './last-good.ts'
import { openJournal } from './journal.ts'
import { compiled, shop } from './shop.case.ts'

let dir = ''
let events: GatewayEvent[] = []
let timers: (() => void)[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'regatta-last-good-'))
  events = []
  timers = []
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const evidence = { event: (event: GatewayEvent) => { events.push(event) }, attempt: () => {} }
const scheduler = {
  after(_delayMs: number, run: () => void) {
    timers.push(run)
    return () => { timers = timers.filter((timer) => timer !== run) }
  },
  every: () => () => {},
  afterReading: () => () => {},
}

const open = (gateway = 'eu-west'): LastGood => openLastGood(join(dir, 'state'), gateway, { clock: systemClock, scheduler, evidence })
const snapshotOf = (revision: number): Snapshot => compiled('eu-west', revision)
const file = (): string => join(dir, 'state', 'snapshot.json')

test('what was saved is read again, and the newest of a second is what is written', async () => {
  const lastGood = open()
  expect(lastGood.read()).toBeNull()
  for (const revision of [1, 2, 3]) lastGood.save(snapshotOf(revision))
  expect(timers).toHaveLength(1)
  lastGood.flush()
  expect(timers).toHaveLength(0)
  expect(open().read()).toEqual(snapshotOf(3))
  expect(readdirSync(join(dir, 'state'))).toEqual(['snapshot.json'])
  expect(events).toEqual([])
})

test.each([
  ['cut short', (text: string) => text.slice(0, -20)],
  ['altered', (text: string) => text.replace('/catalog', '/cattail')],
  ['empty', () => ''],
  ['something else', () => '{"hello":1}'],
  ['of another gateway', (text: string) => text],
])('a file that is %s is not trusted: a coded event, and nothing is read', (what, spoil) => {
  const lastGood = open()
  lastGood.save(snapshotOf(1))
  lastGood.flush()
  writeFileSync(file(), spoil(readFileSync(file(), 'utf8')))
  expect(open(what === 'of another gateway' ? 'us-east' : 'eu-west').read()).toBeNull()
  expect(events).toMatchObject([{ kind: 'log', level: 'error', code: 'RGT_SNAPSHOT_STATE' }])
})

test('a folder that cannot be written costs an event, not the gateway', () => {
  writeFileSync(join(dir, 'state'), 'a file where the folder should be')
  const lastGood = open()
  lastGood.save(snapshotOf(1))
  lastGood.flush()
  expect(events).toMatchObject([{ kind: 'log', code: 'RGT_SNAPSHOT_STATE' }])
})

test('a journal gives back what was accepted, whole configurations start it anew', () => {
  const journal = openJournal(dir, { clock: systemClock, evidence })
  const change = (revision: number) => ({ revision, put: shop(revision).slice(0, 1), remove: [] })
  journal.append(change(2))
  journal.append({ revision: 5, documents: shop(5) })
  journal.append(change(6))
  journal.close()
  expect(openJournal(dir, { clock: systemClock, evidence }).read()).toEqual([{ revision: 5, documents: shop(5) }, change(6)])
})

test('a torn line ends a journal, is told, and does not stand in the way of the next one', () => {
  const journal = openJournal(dir, { clock: systemClock, evidence })
  journal.append({ revision: 2, put: [], remove: [] })
  journal.append({ revision: 3, put: [], remove: [] })
  journal.close()
  const path = join(dir, 'changes.ndjson')
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -5))
  const again = openJournal(dir, { clock: systemClock, evidence })
  expect(again.read()).toEqual([{ revision: 2, put: [], remove: [] }])
  expect(events).toMatchObject([{ kind: 'log', code: 'RGT_SNAPSHOT_STATE' }])
  again.append({ revision: 3, put: shop(1).slice(0, 1), remove: [] })
  again.close()
  expect(openJournal(dir, { clock: systemClock, evidence }).read().map(({ revision }) => revision)).toEqual([2, 3])
})
