// The grammar of thresholds: what is read, and what is refused with which hint.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedErrors } from '../gateway/errors.ts'
import { parseThresholds } from './thresholds.ts'

const place = { file: 'drill.yaml', line: 7 }
const one = (expression: string, condition: string) => parseThresholds({ [expression]: [condition] }, place)[0]
function problems(thresholds: Record<string, string[]>, known = {}): { code: string; message: string; hint?: string; expected?: string }[] {
  try {
    parseThresholds(thresholds, place, known)
  } catch (error) {
    return (error as CodedErrors).errors.map((problem) => ({ code: problem.code, message: problem.message, ...problem.details }))
  }
  return []
}

describe('what is read', () => {
  it.each([
    ['max<5s', 5000], ['max<5', 5], ['max<250ms', 250], ['max<10µs', 0.01], ['max<10us', 0.01], ['max < 1m', 60_000], ['max<900ns', 0.0009],
  ])('a duration %s is %d ms', (condition, ms) => {
    expect(one('failover_time', condition).bound).toEqual({ rtt: 0, plus: expect.closeTo(ms, 9) })
  })
  it('tags, percentiles and the round-trip time of the path', () => {
    expect(one('http_req_duration{ region:eu-west, phase:recovered }', 'p(95) < rtt + 100')).toEqual({
      name: 'http_req_duration{region:eu-west,phase:recovered} p(95)<rtt+100', condition: 'p(95)<rtt+100',
      metric: 'http_req_duration', tags: { region: 'eu-west', phase: 'recovered' },
      aggregate: { kind: 'percentile', p: 95 }, operator: '<', bound: { rtt: 1, plus: 100 },
    })
    expect(one('http_req_duration', 'med<=2*rtt+0.1s-5').bound).toEqual({ rtt: 2, plus: 95 })
  })
  it.each([['rate<1%', 0.01], ['rate<0.25', 0.25]])('a share %s is %d', (condition, share) => {
    expect(one('http_req_failed', condition).bound.plus).toBe(share)
  })
  it('every operator', () => {
    for (const operator of ['<', '<=', '>', '>=', '==', '===', '!=']) {
      expect(one('eligible_failed', `count${operator}0`).operator).toBe(operator)
    }
  })
})

describe('what is refused', () => {
  it('a misspelt metric, with the nearest', () => {
    expect(problems({ failver_time: ['max<5s'] })).toMatchObject([{ code: 'RGT_THRESHOLD_METRIC', hint: 'did you mean `failover_time`?', place }])
  })
  it('a misspelt tag, tag value or aggregate, all at once', () => {
    expect(problems({
      'http_reqs{regoin:eu}': ['count>1'], 'http_reqs{phase:recoverd}': ['count>1'], http_req_failed: ['max<1', 'rate<1%'],
    }).map((problem) => problem.hint ?? problem.expected)).toEqual(['did you mean `region`?', 'did you mean `recovered`?', 'one of rate'])
  })
  it('a value that the caller knows not to exist', () => {
    expect(problems({ 'http_reqs{region:eu-wst}': ['count>1'] }, { region: ['eu-west'] })[0].hint).toBe('did you mean `eu-west`?')
  })
  it.each([
    ['failover_time', 'max<5 parsecs'], ['failover_time', 'max<5constructor'], ['failover_time', 'max'], ['failover_time', '<5s'], ['failover_time', 'p(101)<5s'],
    ['failover_time', 'max<rtt+1'], ['http_req_failed', 'rate<5ms'], ['failover_time{group}', 'max<5s'], ['failover_time{group:a,group:b}', 'max<5s'],
    ['failover time', 'max<5s'], ['failover_time', 'max<'], ['failover_time', 'max<5s+'], ['http_reqs{phase:steady', 'count>1'], ['traffic_share', 'value>0.5'],
  ])('%s %s', (expression, condition) => {
    expect(problems({ [expression]: [condition] }).length).toBe(1)
  })
  it('anything else, and always with a coded error', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (expression, condition) => {
      for (const problem of problems({ [expression]: [condition] })) expect(problem.code).toMatch(/^RGT_THRESHOLD_/)
    }))
  })
})
