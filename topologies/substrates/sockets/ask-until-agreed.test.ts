// Asking again: what comes late is waited for, what stays apart is told, and nothing that opened meanwhile is missed.

import { expect, test } from 'vitest'
import { askUntilAgreed } from './ask-until-agreed.ts'

/** Answers by cell, one after another; the last stays. */
function play(script: Record<string, string[]>, rounds = 5) {
  const asked: string[][] = []
  const cells = Object.keys(script)
  const said = askUntilAgreed(cells, {
    ask: (some) => {
      asked.push([...some])
      return Promise.resolve(some.map((cell) => script[cell].length > 1 ? script[cell].shift()! : script[cell][0]))
    },
    isApart: (answer) => answer === 'apart',
    rounds, waitMs: 1, signal: new AbortController().signal,
  })
  return said.then((answers) => ({ answers, asked }))
}

test('what agrees at once is asked once', async () => {
  expect(await play({ a: ['yes'], b: ['no'] })).toEqual({ answers: ['yes', 'no'], asked: [['a', 'b']] })
})

test('what disagrees is asked again, and all of it once more at the end', async () => {
  expect(await play({ a: ['yes'], b: ['apart', 'apart', 'no'] })).toEqual({ answers: ['yes', 'no'], asked: [['a', 'b'], ['b'], ['b'], ['a', 'b']] })
})

test('what opened while others were asked again is found', async () => {
  const { answers, asked } = await play({ a: ['yes', 'apart', 'yes'], b: ['apart', 'no'] })
  expect(answers).toEqual(['yes', 'no'])
  expect(asked).toEqual([['a', 'b'], ['b'], ['a', 'b'], ['a'], ['a', 'b']])
})

test('what stays apart is told after so many rounds', async () => {
  expect(await play({ a: ['apart'] }, 3)).toEqual({ answers: ['apart'], asked: [['a'], ['a'], ['a'], ['a']] })
})

test('nobody waits once the run is over', async () => {
  const over = askUntilAgreed(['a'], { ask: () => Promise.resolve(['apart']), isApart: () => true, rounds: 9, waitMs: 60_000, signal: AbortSignal.abort(new Error('over')) })
  await expect(over).rejects.toThrow()
})
