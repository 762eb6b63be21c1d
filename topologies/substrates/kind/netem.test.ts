// A kernel is believed to lose packets on demand when it says so in one of its places, and only then.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { kindCapabilities } from './faults.ts'
import { kernelMayLose, withoutLoss } from './netem.ts'

const root = mkdtempSync(join(tmpdir(), 'regatta-netem-'))
const places = { platform: 'linux' as const, sys: join(root, 'sys'), modules: join(root, 'modules') }
afterEach(() => rmSync(root, { recursive: true, force: true }))

test.for([
  ['nothing', () => {}, false],
  ['other modules', () => mkdirSync(join(places.sys, 'sch_fq'), { recursive: true }), false],
  ['a loaded module', () => mkdirSync(join(places.sys, 'sch_netem'), { recursive: true }), true],
  ['a part of the kernel', () => { mkdirSync(places.modules, { recursive: true }); writeFileSync(join(places.modules, 'modules.builtin'), 'kernel/net/sched/sch_netem.ko\n') }, true],
  ['a module on disk', () => { mkdirSync(places.modules, { recursive: true }); writeFileSync(join(places.modules, 'modules.dep'), 'kernel/net/sched/sch_netem.ko.xz:\n') }, true],
] as const)('%s', ([, lay, expected]) => {
  lay()
  expect(kernelMayLose(places)).toBe(expected)
})

test('elsewhere the nodes have a kernel of their own, which is asked at the start', () => {
  expect(kernelMayLose({ ...places, platform: 'darwin' })).toBe(true)
  expect(withoutLoss(kindCapabilities)).toMatchObject({ loss: { supported: false }, cut: { supported: true } })
})
