// The shrinker against conditions whose smallest schedule is known.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FaultBlock } from '../scenario.ts'
import type { Candidate } from './candidate.ts'
import { ddmin } from './ddmin.ts'
import { shrink, type Shrunk } from './shrink.ts'

const block = (name: string, kind: string, atUs: number, forUs: number, parameters: Record<string, unknown>): FaultBlock => ({ name, kind, atUs, forUs, parameters })
const schedule: Candidate = {
  loadShare: 1,
  method: [
    block('base', 'regional-outage', 0, 4_000_000, { region: 'eu-west', scope: 'all' }),
    block('generated-1', 'flapping-region', 650_000, 3_000_000, { region: 'ap-south', on: 700_000, off: 900_000, jitter: 0.25 }),
    block('generated-2', 'control-plane-loss', 1_250_000, 1_500_000, { regions: ['us-east', 'eu-west', 'ap-south'] }),
    block('generated-3', 'region-brownout', 200_000, 900_000, { region: 'us-east', delay: 1_000_000, errorRate: 1, services: ['a', 'b', 'c'] }),
    block('generated-4', 'link-cut', 100_000, 300_000, { from: 'region:eu-west', to: 'region:us-east', mode: 'refuse' }),
  ],
}
const never = new AbortController().signal
const run = (fails: (candidate: Candidate) => boolean, budget = 1000, from = schedule): Promise<Shrunk> =>
  shrink(from, { budget, signal: never, fails: async (candidate) => fails(candidate) })
const of = ({ method }: Candidate, kind: string): FaultBlock | undefined => method.find((one) => one.kind === kind)

describe('shrink', () => {
  it('finds the combination that matters, with its shortest windows and fewest targets', async () => {
    const { candidate, minimal } = await run(({ method }) => {
      const outage = method.find(({ kind, parameters }) => kind === 'regional-outage' && parameters.region === 'eu-west')
      const planes = of({ method, loadShare: 1 }, 'control-plane-loss')
      if (outage === undefined || planes === undefined || outage.forUs < 900_000) return false
      return (planes.parameters.regions as string[] | null)?.includes('eu-west') === true && planes.atUs < outage.atUs + outage.forUs
    })
    expect(minimal).toBe(true)
    expect(candidate).toEqual({
      loadShare: 1 / 16,
      method: [
        block('base', 'regional-outage', 0, 900_000, { region: 'eu-west', scope: 'all' }),
        block('generated-2', 'control-plane-loss', 0, 100_000, { regions: ['eu-west'] }),
      ],
    })
  })
  it('takes a plainer fault where it does the same', async () => {
    const { candidate } = await run(({ method }) => method.some(({ parameters }) => parameters.region === 'ap-south'))
    expect(candidate.method).toEqual([block('generated-1', 'regional-outage', 0, 100_000, { region: 'ap-south', scope: 'all' })])
  })
  it('says when no fault is needed at all', async () => {
    expect((await run(() => true)).candidate.method).toEqual([])
  })
  it('leaves alone what only fails as it is, and spends no replay twice', async () => {
    const asked: string[] = []
    const text = JSON.stringify(schedule)
    const { candidate, replays } = await run((one) => {
      asked.push(JSON.stringify(one))
      return JSON.stringify(one) === text
    })
    expect(candidate).toEqual(schedule)
    expect(new Set(asked).size).toBe(asked.length)
    expect(replays).toBe(asked.length)
  })
  it('ends with its budget, holding something that fails', async () => {
    const fails = ({ method }: Candidate): boolean => method.length >= 2
    const { candidate, replays, minimal } = await run(fails, 7)
    expect([replays, minimal, fails(candidate)]).toEqual([7, false, true])
  })
  it('when interrupted gives what it holds', async () => {
    const abort = new AbortController()
    let count = 0
    const { minimal, candidate } = await shrink(schedule, {
      budget: 1000, signal: abort.signal,
      fails: async ({ method }) => {
        if (++count > 20) abort.abort(new Error('enough'))
        abort.signal.throwIfAborted()
        return method.length >= 2
      },
    })
    expect(minimal).toBe(false)
    expect(candidate.method.length).toBeGreaterThanOrEqual(2)
  })
  it('an error that is no interruption is thrown', async () => {
    await expect(shrink(schedule, { budget: 9, signal: never, fails: () => Promise.reject(new Error('broken')) })).rejects.toThrow('broken')
  })
})

describe('ddmin', () => {
  it('finds exactly the items of a conjunction', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 24 }), fc.array(fc.nat({ max: 23 }), { maxLength: 6 }), async (size, wanted) => {
      const items = Array.from({ length: size }, (_, index) => index)
      const needed = [...new Set(wanted.filter((item) => item < size))].sort((a, b) => a - b)
      const found = await ddmin(items, async (candidates) => candidates.findIndex((part) => needed.every((item) => part.includes(item))))
      expect(found).toEqual(needed)
    }))
  })
})
