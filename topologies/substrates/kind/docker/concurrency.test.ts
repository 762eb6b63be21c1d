// How many clusters at once: never none, never more than wanted, than memory holds, or than processors carry.

import { expect, test } from 'vitest'
import { clustersAtOnce, nodeBytes } from './concurrency.ts'

test.each([
  [{ cpus: 2, freeBytes: 20 * nodeBytes }, 3, 2],
  [{ cpus: 1, freeBytes: 20 * nodeBytes }, 3, 2],
  [{ cpus: 8, freeBytes: 20 * nodeBytes }, 3, 3],
  [{ cpus: 8, freeBytes: 20 * nodeBytes }, 15, 8],
  [{ cpus: 8, freeBytes: 2.5 * nodeBytes }, 15, 2],
  [{ cpus: 8, freeBytes: 0 }, 15, 1],
  [{ cpus: 8, freeBytes: 20 * nodeBytes }, 0, 1],
])('%j, %i wanted: %i', (room, wanted, atOnce) => {
  expect(clustersAtOnce(room, wanted)).toBe(atOnce)
})
