// What the planes share, and that sharing changes no result.

import { expect, test } from 'vitest'
import { planeCompiler } from '../../../gateway/controlplane/compiler.ts'
import { changeDocuments, replaceDocuments } from '../../../gateway/controlplane/documents.ts'
import type { ConfigChange, GatewayIdentity } from '../../../gateway/controlplane/protocol.ts'
import { discovery, route, shop } from '../../../gateway/controlplane/shop.case.ts'
import { sharedCompiler } from './shared-compiler.ts'

const gateway: GatewayIdentity = { name: 'eu-west', role: 'region', region: 'eu-west' }
const all = shop(1)
const documents = () => replaceDocuments(new Map(), all)
const change: ConfigChange = { revision: 2, put: [route('new', '/new')], remove: [] }

test('planes with the same documents share what is prepared and compiled, after changes and restarts too', () => {
  const compiler = sharedCompiler(discovery)
  const [one, two] = [compiler.prepare(documents()), compiler.prepare(documents())]
  expect(two).toBe(one)
  expect(two.compile(gateway, 1)).toBe(one.compile(gateway, 1))
  const [first, second] = [changeDocuments(documents(), change), changeDocuments(documents(), change)]
  const after = one.change(change, first)
  expect(two.change(change, second)).toBe(after)
  expect(compiler.prepare(second)).toBe(after)
  expect(after.compile(gateway, 2)).toEqual(planeCompiler(discovery).prepare(first).compile(gateway, 2))
  expect(after.compile(gateway, 3)).toMatchObject({ revision: 3, version: after.compile(gateway, 2).version })
})

test('other documents are prepared apart, though they look alike', () => {
  const compiler = sharedCompiler(discovery)
  const one = compiler.prepare(documents())
  const other = compiler.prepare(replaceDocuments(new Map(), shop(7)))
  expect([one, other].map((prepared) => prepared.compile(gateway, 1).routes[0].timeouts.requestMs)).toEqual([1000, 7000])
})

test('what is refused once is refused alike', () => {
  const compiler = sharedCompiler(discovery)
  const bad: ConfigChange = { revision: 2, put: [{ ...route('bad', '/bad'), spec: {} }], remove: [] }
  const prepared = compiler.prepare(documents())
  const refusals = [1, 2].map(() => {
    try {
      prepared.change(bad, changeDocuments(documents(), bad))
      return null
    } catch (error) {
      return error
    }
  })
  expect(refusals[0]).toMatchObject({ code: 'RGT_CONFIG_SCHEMA' })
  expect(refusals[1]).toBe(refusals[0])
})
