// Order and completeness of what waits, in virtual time, for any mixture of delays, updates and flushes.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Clock, Scheduler } from '../../../../../gateway/ports.ts'
import { createAlarm, createAlarms } from './alarms.ts'
import { createDelayLine } from './delay-line.ts'

/** A clock that moves when it is told to, and one list of timers. */
function virtualTime(): { clock: Clock; scheduler: Scheduler; armed(): number; advance(us: number): void } {
  let nowUs = 0
  const timers = new Set<{ atUs: number; run: () => void }>()
  return {
    clock: { nowUs: () => nowUs, nowNs: () => BigInt(nowUs) * 1000n },
    scheduler: {
      after(delayMs, run) {
        const timer = { atUs: nowUs + delayMs * 1000, run }
        timers.add(timer)
        return () => timers.delete(timer)
      },
      every: () => { throw new Error('not used') },
      afterReading: () => { throw new Error('not used') },
    },
    armed: () => timers.size,
    advance(us) {
      const untilUs = nowUs + us
      for (;;) {
        const next = [...timers].filter(({ atUs }) => atUs <= untilUs).sort((a, b) => a.atUs - b.atUs)[0]
        if (next === undefined) break
        timers.delete(next)
        nowUs = next.atUs
        next.run()
      }
      nowUs = untilUs
    },
  }
}

test('chunks leave in the order in which they came, none early by more than the tolerance, and then the end', () => {
  const step = fc.record({ delayUs: fc.nat(50_000), waitUs: fc.nat(20_000), flush: fc.boolean() })
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
    const time = virtualTime()
    const left: { id: number; atUs: number }[] = []
    let ended = false
    const line = createDelayLine(createAlarms(time.clock, time.scheduler), (chunk) => {
      expect(ended).toBe(false)
      left.push({ id: chunk.readUInt16BE(), atUs: time.clock.nowUs() })
    }, () => { ended = true })
    const dueUs: number[] = []
    let flushed = false
    steps.forEach(({ delayUs, waitUs, flush }, id) => {
      const chunk = Buffer.alloc(2)
      chunk.writeUInt16BE(id)
      const nowUs = time.clock.nowUs()
      dueUs.push(nowUs + delayUs)
      line.put(chunk, nowUs, nowUs + delayUs)
      time.advance(waitUs)
      if (flush && id % 7 === 6) {
        flushed = true
        line.flush()
      }
    })
    line.end()
    time.advance(200_000)
    expect(left.map(({ id }) => id)).toEqual(steps.map((_, id) => id))
    expect([ended, line.held, time.armed()]).toEqual([true, 0, 0])
    if (!flushed) left.forEach(({ id, atUs }) => expect(atUs).toBeGreaterThanOrEqual(dueUs[id] - 500))
  }))
})

test('alarms ring once each, in order, by one timer; cancelled and moved ones as they were last set', () => {
  const act = fc.record({ which: fc.nat(9), afterUs: fc.nat(100_000), cancel: fc.boolean() })
  fc.assert(fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
    const time = virtualTime()
    const alarms = createAlarms(time.clock, time.scheduler)
    const rung: number[] = []
    const ten = Array.from({ length: 10 }, (_, index) => createAlarm(() => rung.push(index)))
    const wanted = new Map<number, number>()
    for (const { which, afterUs, cancel } of acts) {
      if (cancel) alarms.cancel(ten[which])
      else alarms.set(ten[which], afterUs)
      wanted.delete(which)
      if (!cancel) wanted.set(which, afterUs)
      expect(time.armed()).toBeLessThanOrEqual(1)
    }
    time.advance(200_000)
    expect([...rung].sort()).toEqual([...wanted.keys()].sort())
    const dueUs = rung.map((index) => wanted.get(index)!)
    expect(dueUs).toEqual([...dueUs].sort((a, b) => a - b))
  }))
})

test('an alarm far away does not wake the process for nothing at once', () => {
  const time = virtualTime()
  let rings = 0
  const alarms = createAlarms(time.clock, time.scheduler)
  alarms.set(createAlarm(() => { rings++ }), Number.MAX_SAFE_INTEGER)
  time.advance(3_600_000_000)
  expect([rings, time.armed()]).toEqual([0, 1])
})
