// Ways in resolve to the group's own addresses, and a missing one is an error that names what is known.

import { expect, it } from 'vitest'
import type { GroupEntries } from './bootstrap.ts'
import { wayInOf } from './entries.ts'

const at = (port: number) => ({ host: '127.0.0.1', port })
const entries: Record<string, GroupEntries> = {
  europe: { own: { kind: 'edge', edge: 'frankfurt' }, edges: { frankfurt: at(1) }, regions: { 'eu-west': at(2), 'us-east': at(3) } },
}

it('resolves each kind', () => {
  expect(wayInOf({ group: 'europe', entry: null }, entries)).toEqual({ kind: 'edge', addresses: [at(1)], tryTimeoutMs: Infinity })
  expect(wayInOf({ group: 'europe', entry: { kind: 'direct', region: 'us-east' } }, entries).addresses).toEqual([at(3)])
  expect(wayInOf({ group: 'europe', entry: { kind: 'list', regions: ['us-east', 'eu-west'], timeoutMs: 300 } }, entries))
    .toEqual({ kind: 'list', addresses: [at(3), at(2)], tryTimeoutMs: 300 })
})

it.each([
  [{ group: 'asia', entry: null }, 'europe'],
  [{ group: 'europe', entry: { kind: 'edge' as const, edge: 'paris' } }, 'frankfurt'],
  [{ group: 'europe', entry: { kind: 'list' as const, regions: ['eu-west', 'mars'], timeoutMs: 1 } }, 'eu-west, us-east'],
  [{ group: 'europe', entry: { kind: 'list' as const, regions: [], timeoutMs: 1 } }, 'eu-west, us-east'],
])('refuses %j', (stream, known) => {
  expect(() => wayInOf(stream, entries)).toThrow(expect.objectContaining({ code: 'RGT_GENERATOR_ENTRY', details: expect.objectContaining({ expected: `one of ${known}` }) }))
})
