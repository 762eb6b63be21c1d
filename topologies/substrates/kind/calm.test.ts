// A machine is calm when it has been for some samples in a row, is given up after a while, and lets go when called off.

import { expect, test } from 'vitest'
import type { MachineSample } from '../sockets/machine.ts'
import { untilCalm } from './calm.ts'

const options = { below: 0.4, seconds: 3, atMostSeconds: 8 }

function machine() {
  let take: ((sample: MachineSample) => void) | null = null
  return {
    watch: (given: (sample: MachineSample) => void) => {
      take = given
      return () => { take = null }
    },
    is: (...shares: number[]) => shares.forEach((cpuShare) => take?.({ cpuShare, loopLagP99Ms: 0, freeBytes: 1 })),
    watched: () => take !== null,
  }
}

test('three calm samples in a row, not three in all', async () => {
  const { watch, is, watched } = machine()
  const calm = untilCalm(new AbortController().signal, options, watch)
  is(0.1, 0.2, 0.9, 0.3, 0.3)
  expect(watched()).toBe(true)
  is(0.2)
  expect(await calm).toBe(0.2)
  expect(watched()).toBe(false)
})

test('a machine that stays busy is given up, and its use is told', async () => {
  const { watch, is } = machine()
  const calm = untilCalm(new AbortController().signal, options, watch)
  is(...Array.from({ length: 8 }, () => 0.8))
  expect(await calm).toBe(0.8)
})

test('called off, it watches no more', async () => {
  const { watch, watched } = machine()
  const controller = new AbortController()
  const calm = untilCalm(controller.signal, options, watch)
  controller.abort(new Error('enough'))
  await expect(calm).rejects.toThrow('enough')
  expect(watched()).toBe(false)
})
