// The timetable on a clock that the test moves: order, late steps, steps added while it plays, failures, abort.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Clock } from '../../../gateway/ports.ts'
import type { Step } from '../../substrate.ts'
import { openTimetable } from './timetable.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

const clock: Clock = { nowUs: () => Math.round(performance.now() * 1000), nowNs: () => 0n }
const step = (name: string): Step => ({ kind: 'heal', fault: name, index: 0, primitive: { kind: 'reset', on: [] } })
const nameOf = (one: Step): string => (one as { fault: string }).fault

function open(start: (name: string) => Promise<void> = () => Promise.resolve()) {
  const played: { name: string; atMs: number }[] = []
  const zeroUs = clock.nowUs()
  const timetable = openTimetable(clock, (one) => {
    played.push({ name: nameOf(one), atMs: Math.round((clock.nowUs() - zeroUs) / 1000) })
    return start(nameOf(one))
  })
  const controller = new AbortController()
  return { played, timetable, controller, play: (untilUs: number) => timetable.play(zeroUs, untilUs, controller.signal) }
}

test('plays by time, and steps of one time in the order of declaring', async () => {
  const { timetable, play, played } = open()
  for (const [atMs, name] of [[30, 'd'], [10, 'a'], [20, 'b'], [20, 'c']] as const) timetable.at(atMs * 1000, step(name))
  const done = play(50_000)
  await vi.advanceTimersByTimeAsync(60)
  await done
  expect(played).toEqual([{ name: 'a', atMs: 10 }, { name: 'b', atMs: 20 }, { name: 'c', atMs: 20 }, { name: 'd', atMs: 30 }])
})

test('waits for its end, and then for steps that are not done', async () => {
  let finish = (): void => {}
  const { timetable, play } = open(() => new Promise((resolve) => { finish = resolve }))
  timetable.at(0, step('long'))
  let over = false
  const done = play(100_000).then(() => { over = true })
  await vi.advanceTimersByTimeAsync(99)
  expect(over).toBe(false)
  await vi.advanceTimersByTimeAsync(100)
  expect(over).toBe(false)
  finish()
  await done
  expect(over).toBe(true)
})

test('a step that is late is played at once; one added while playing has its own time', async () => {
  const { timetable, play, played } = open()
  const done = play(100_000)
  await vi.advanceTimersByTimeAsync(40)
  timetable.at(10_000, step('late'))
  timetable.at(60_000, step('later'))
  await vi.advanceTimersByTimeAsync(100)
  await done
  expect(played).toEqual([{ name: 'late', atMs: 40 }, { name: 'later', atMs: 60 }])
})

test('a step far away is not reached by an overflowing timer', async () => {
  const { timetable, play, played, controller } = open()
  timetable.at(Number.MAX_SAFE_INTEGER - 1, step('never'))
  const done = play(Number.MAX_SAFE_INTEGER)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(played).toEqual([])
  controller.abort(new Error('enough'))
  await expect(done).rejects.toThrow('enough')
})

test('rejects with the first failing step, and plays none after it', async () => {
  const { timetable, play, played } = open((name) => name === 'bad' ? Promise.reject(new Error('cannot')) : Promise.resolve())
  timetable.at(10_000, step('bad'))
  timetable.at(20_000, step('after'))
  const done = expect(play(50_000)).rejects.toThrow('cannot')
  await vi.advanceTimersByTimeAsync(100)
  await done
  expect(played.map(({ name }) => name)).toEqual(['bad'])
})

test.for(['before', 'while a step is due', 'while the last step is not done'] as const)('abort %s rejects with its reason', async (when) => {
  const { timetable, play, played, controller } = open(() => new Promise(() => {}))
  const reason = new Error('stop it')
  timetable.at(when === 'while the last step is not done' ? 0 : 30_000, step('one'))
  if (when === 'before') controller.abort(reason)
  const done = expect(play(50_000)).rejects.toBe(reason)
  await vi.advanceTimersByTimeAsync(when === 'while a step is due' ? 10 : 80)
  controller.abort(reason)
  await done
  await vi.advanceTimersByTimeAsync(100)
  expect(played.length).toBe(when === 'while the last step is not done' ? 1 : 0)
})
