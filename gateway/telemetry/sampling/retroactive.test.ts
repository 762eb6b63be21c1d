// Tries which requests have their traces kept after the fact.

import { expect, test } from 'vitest'
import type { RouteSampling } from '../../snapshot/snapshot.ts'
import { promotionOf, type EndedForPromotion } from './retroactive.ts'

const usual: EndedForPromotion = { outcome: 'ok', status: 200, durationUs: 20_000, attempts: 1, hedged: false }
const all: RouteSampling['retroactive'] = { keep: ['error', 'slow', 'failover', 'shed'], slowMs: 500 }

test.each<[string, Partial<EndedForPromotion>, string | null]>([
  ['an ordinary request', {}, null],
  ['one that takes as long as allowed', { durationUs: 500_000 }, null],
  ['a slow one', { durationUs: 500_001 }, 'slow'],
  ['an error of the service', { outcome: 'server-error', status: 500 }, 'error'],
  ['no answer at all', { outcome: 'upstream-failed', status: 0 }, 'error'],
  ['a refusal by 503', { outcome: 'residency', status: 503 }, 'error'],
  ['a mistake of the client', { outcome: 'client-error', status: 404 }, null],
  ['a client that went away', { outcome: 'aborted', status: 0 }, null],
  ['one that was sent again', { attempts: 2 }, 'failover'],
  ['one that was hedged', { hedged: true }, 'failover'],
  ['one that was sent again and failed', { attempts: 3, outcome: 'upstream-timeout', status: 504 }, 'error'],
  ['one that was shed', { outcome: 'capacity', status: 503 }, 'shed'],
])('%s', (_name, over, reason) => {
  expect(promotionOf({ ...usual, ...over }, all)).toBe(reason)
  expect(promotionOf({ ...usual, ...over }, null)).toBeNull()
})

test('the next reason counts where a policy leaves the first out', () => {
  const request = { ...usual, outcome: 'capacity', status: 503, attempts: 2, durationUs: 600_000 } as const
  const reasons = [['slow'], ['slow', 'failover'], ['slow', 'failover', 'error'], ['slow', 'failover', 'error', 'shed']] as const
  expect(reasons.map((keep) => promotionOf(request, { keep: [...keep], slowMs: 500 }))).toEqual(['slow', 'failover', 'error', 'shed'])
})
