// An agenda may tell too early and more than once, never too late, and what was noted anew is told from what is stale.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collect, isBefore, makeAgenda, note, placeIn, wasRead } from './agenda.ts'

/** The discipline of its readers, for sixteen things: noted where they are met first, checked when they are read. */
function makeReader(nowUs: number) {
  const agenda = makeAgenda(8, nowUs)
  const dueUs = new Array<number>(16).fill(Infinity)
  const noted = new Array<number>(16).fill(0)
  const arm = (thing: number, atUs: number): void => {
    dueUs[thing] = atUs
    const place = placeIn(agenda, atUs)
    if (noted[thing] !== 0 && !isBefore(agenda, place, noted[thing])) return
    noted[thing] = place
    note(agenda, thing, place)
  }
  return {
    agenda, arm,
    disarm(thing: number): void { dueUs[thing] = Infinity },
    read(atUs: number): number[] {
      const found: number[] = []
      for (const thing of agenda.due.slice(0, collect(agenda, atUs))) {
        if (noted[thing] === 0 || !wasRead(agenda, noted[thing])) continue
        noted[thing] = 0
        if (dueUs[thing] <= atUs) {
          found.push(thing)
          dueUs[thing] = Infinity
        } else if (dueUs[thing] !== Infinity) arm(thing, dueUs[thing])
      }
      return found
    },
    /** Notes that are held, the stale included. */
    held: (): number => agenda.lengths.reduce((sum, length) => sum + length, 0),
  }
}

const steps = fc.oneof(
  fc.record({ kind: fc.constant('arm' as const), thing: fc.nat(15), inUs: fc.integer({ min: -5000, max: 300_000 }) }),
  fc.record({ kind: fc.constant('disarm' as const), thing: fc.nat(15), inUs: fc.constant(0) }),
  fc.record({ kind: fc.constant('wait' as const), thing: fc.constant(0), inUs: fc.oneof(fc.nat(20_000), fc.nat(400_000)) }),
)

test('what is due is read at the first asking, once, and nothing else is', () => {
  fc.assert(fc.property(fc.array(steps, { maxLength: 200 }), (script) => {
    let nowUs = 1_000_000
    const reader = makeReader(nowUs)
    const plain = new Map<number, number>()
    for (const { kind, thing, inUs } of script) {
      if (kind === 'arm') {
        reader.arm(thing, nowUs + inUs)
        plain.set(thing, nowUs + inUs)
      } else if (kind === 'disarm') {
        reader.disarm(thing)
        plain.delete(thing)
      } else {
        nowUs += inUs
        const due = [...plain].filter(([, dueUs]) => dueUs <= nowUs).map(([of]) => of)
        expect(reader.read(nowUs).sort((a, b) => a - b)).toEqual(due.sort((a, b) => a - b))
        for (const of of due) plain.delete(of)
      }
    }
  }))
})

test('a thing that is rearmed again and again is written down once a turn, not each time', () => {
  const reader = makeReader(0)
  for (let nowUs = 0; nowUs < 40_000; nowUs += 100) reader.arm(3, nowUs + 50_000)
  expect(reader.held()).toBe(1)
  expect(reader.read(89_800)).toEqual([])
  expect(reader.read(89_900)).toEqual([3])
})
