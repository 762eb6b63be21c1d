// The line before a replica: never more at once than it takes, first come first served, nobody forgotten.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { workLine } from './work-line.ts'

it('works on as many at once as it may, in the order of arrival, and forgets nobody', () => {
  const steps = fc.array(fc.boolean(), { maxLength: 60 })
  fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), steps, (concurrency, arrives) => {
    const line = workLine(concurrency)
    const begun: number[] = []
    let [arrived, done] = [0, 0]
    for (const arrival of arrives) {
      if (arrival) {
        const number = arrived++
        line.enter({ destroyed: false }, () => begun.push(number))
      } else if (done < begun.length) {
        done++
        line.leave()
      }
      expect(begun.length - done).toBe(Math.min(concurrency, arrived - done))
    }
    expect(begun).toEqual(Array.from(begun, (_, index) => index))
  }))
})

it('passes over who has gone while waiting', () => {
  const line = workLine(1)
  const begun: string[] = []
  const gone = { destroyed: false }
  line.enter({ destroyed: false }, () => begun.push('first'))
  line.enter(gone, () => begun.push('gone'))
  line.enter({ destroyed: false }, () => begun.push('last'))
  gone.destroyed = true
  line.leave()
  expect(begun).toEqual(['first', 'last'])
})

it('has no limit without one', () => {
  const line = workLine(null)
  let begun = 0
  for (let i = 0; i < 1000; i++) line.enter({ destroyed: false }, () => begun++)
  expect(begun).toBe(1000)
})
