// Never more than asked for at once, and answers where their questions were.

import { expect, test } from 'vitest'
import { inTurns } from './at-once.ts'

test('answers keep the order of the questions, whichever comes first', async () => {
  let running = 0
  let most = 0
  const answers = await inTurns([5, 1, 4, 2, 3], 2, async (turns) => {
    most = Math.max(most, ++running)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    running--
    return turns * 10
  })
  expect(answers).toEqual([50, 10, 40, 20, 30])
  expect(most).toBe(2)
})

test('a failure is told', async () => {
  await expect(inTurns([1, 2], 8, (item) => Promise.reject(new Error(`no ${item}`)))).rejects.toThrow('no 1')
})
