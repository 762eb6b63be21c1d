// Which requests a simulated gateway refuses by policy: those that the real one would, by the path that the service would get.

import { expect, test } from 'vitest'
import { layOut } from '../../../gateway/routing/plan.ts'
import type { AccessRule } from '../../../gateway/security/access.ts'
import { regionSnapshot, routeTo, service } from '../../../gateway/dataplane/testbed.case.ts'
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import type { RequestTemplate } from '../../substrate.ts'
import { chooseRoute, shareRouting } from './routes.ts'

const readers: AccessRule = { principals: ['gateway'], methods: ['GET'], paths: [{ type: 'PathPrefix', value: '/open' }] }

function guarded(rules: AccessRule[] | null, changes: Partial<Snapshot> = {}): Snapshot {
  const open = regionSnapshot([{ host: '10.0.0.1', port: 1 }], changes)
  return rules === null ? open : { ...open, services: [{ ...open.services[0], access: { policies: ['default/guard'], rules } }] }
}

function deniedBy(snapshot: Snapshot, method: string, path: string): boolean {
  const template = { name: 't', method, path, host: 'echo.test', headers: {}, bodyBytes: 0 } as unknown as RequestTemplate
  const { backends } = chooseRoute({ snapshot, layout: layOut(snapshot), worldService: Int32Array.of(0), worldRegion: () => 0 }, template)
  return backends[0].denied
}

test('what no rule allows is denied, and what is not guarded is not', () => {
  expect([deniedBy(guarded([readers]), 'GET', '/open/a?b=c'), deniedBy(guarded([readers]), 'POST', '/open'), deniedBy(guarded([readers]), 'GET', '/closed')]).toEqual([false, true, true])
  expect([deniedBy(guarded([]), 'GET', '/open'), deniedBy(guarded(null), 'POST', '/closed')]).toEqual([true, false])
})

test('the path is the rewritten one', () => {
  const filters = [{ type: 'URLRewrite' as const, hostname: null, path: { type: 'ReplaceFullPath' as const, value: '/open' } }]
  expect(deniedBy(guarded([readers], { routes: [routeTo({ backends: [{ service, weight: 1, filters }] })] }), 'GET', '/closed')).toBe(false)
})

test('gateways that hold other policies share no choices', () => {
  const known = new Map()
  const routes = [routeTo()]
  const [open, other, same] = [guarded(null, { routes }), guarded([readers], { routes }), guarded([readers], { routes })]
    .map((snapshot) => shareRouting(known, snapshot, layOut(snapshot), 1))
  expect([open === other, other === same]).toEqual([false, true])
})
