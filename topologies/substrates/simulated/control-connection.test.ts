// One connection alone: order, ends, and what the network may do to it.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Passage } from './control.ts'
import { openConnection, type End } from './control-connection.ts'
import { createEngine } from './engine/index.ts'

function connected() {
  const engine = createEngine(0)
  const heard: string[] = []
  const passages: Record<'there' | 'back', Passage> = { there: { kind: 'passes', afterUs: 100 }, back: { kind: 'passes', afterUs: 100 } }
  const note = (what: string): void => { heard.push(`${engine.nowUs} ${what}`) }
  let overs = 0
  const connection = openConnection<string, string>({
    engine, there: () => passages.there, back: () => passages.back,
    gateway: { arrived: (text) => note(`gateway: ${text}`), ended: (reason) => note(`gateway ended: ${reason}`) },
    plane: (_end: End<string>) => ({ arrived: (text) => note(`plane: ${text}`), ended: (reason) => note(`plane ended: ${reason}`) }),
    over: () => { overs++ },
  })
  return { engine, heard, passages, connection, overs: () => overs }
}

test('what is sent later on a faster way does not overtake', () => {
  const { engine, heard, passages, connection } = connected()
  connection.near.send('slow')
  passages.there = { kind: 'passes', afterUs: 10 }
  engine.run(20)
  connection.near.send('fast')
  connection.near.close()
  engine.run(1000)
  expect(heard).toEqual(['100 plane: slow', '100 plane: fast', '100 plane ended: closed'])
})

test('whatever the ways take, each arrives in the order in which it was sent', () => {
  fc.assert(fc.property(fc.array(fc.record({ afterUs: fc.double({ min: 0, max: 1e6, noNaN: true }), laterUs: fc.double({ min: 0, max: 1e5, noNaN: true }) })), (sendings) => {
    const { engine, heard, passages, connection } = connected()
    sendings.forEach(({ afterUs, laterUs }, index) => {
      passages.back = { kind: 'passes', afterUs }
      connection.far.send(String(index))
      engine.run(engine.nowUs + laterUs)
    })
    engine.run(1e9)
    expect(heard.map((line) => line.split(': ')[1])).toEqual(sendings.map((_, index) => String(index)))
  }))
})

test('an end whose closing was swallowed is found out by the next that arrives there', () => {
  const { engine, heard, passages, connection, overs } = connected()
  passages.there = { kind: 'swallowed' }
  connection.near.close()
  passages.there = { kind: 'passes', afterUs: 50 }
  connection.far.send('still there?')
  expect(overs()).toBe(0)
  engine.run(1000)
  expect([heard, overs()]).toEqual([['100 plane ended: the connection was cut'], 1])
})

test('after a hole nothing is read: the next that would pass finds the connection cut, for both ends', () => {
  const { engine, heard, passages, connection } = connected()
  passages.back = { kind: 'swallowed' }
  connection.far.send('lost')
  engine.run(500)
  passages.back = { kind: 'passes', afterUs: 100 }
  connection.near.send('under way')
  connection.far.send('late')
  engine.run(1000)
  expect(heard).toEqual(['500 gateway ended: the connection was cut', '500 plane ended: the connection was cut'])
})

test('a broken way ends both sides in an event of its own, with all that was under way, and nothing passes afterwards', () => {
  const { engine, heard, passages, connection, overs } = connected()
  connection.near.send('under way')
  passages.back = { kind: 'broken' }
  connection.far.send('no')
  expect(heard).toEqual([])
  connection.near.send('never')
  connection.break('again')
  engine.run(1000)
  expect([heard, overs()]).toEqual([['0 gateway ended: the connection was reset', '0 plane ended: the connection was reset'], 1])
})
