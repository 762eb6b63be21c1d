// What stays on the terminal: all that matters, plain where nobody looks at colours.

import { describe, expect, it } from 'vitest'
import { printRepeats, printVerdict } from './terminal.ts'
import { nastyVerdict, unsupportedVerdict, verdictCase } from './verdict.case.ts'

describe('printVerdict', () => {
  it('without a terminal has no escape sequence, even where a name brings one', () => {
    expect(printVerdict(verdictCase(), { html: '/tmp/report.html' }, false)).not.toContain('\u001b')
    expect(printVerdict(nastyVerdict(), null, false)).not.toContain('\u001b')
  })

  it('shows misses first with their evidence, cut with a count', () => {
    const text = printVerdict(verdictCase(), { html: '/tmp/report.html' }, false)
    expect(text).toMatch(/^\nFAIL {2}regional-outage on local, gateway reference, seed 7\n/)
    expect(text.indexOf('✗ eligible_failed')).toBeLessThan(text.indexOf('✓ failover_time'))
    expect(text).toContain('request 5\n      and 3 more')
    expect(text).not.toContain('1,000 probes')
    expect(text).toContain('drain not seen')
    expect(text).toContain('html       /tmp/report.html')
  })

  it('shows what is unsupported between what could not be told and what held, with the reason', () => {
    const text = printVerdict(unsupportedVerdict(), null, false)
    expect(text).toContain('– decision_time p(99)<1ms')
    expect(text).toContain('      simulated cannot measure decision_time: the clock stands still')
    expect(text.indexOf('✗ eligible_failed')).toBeLessThan(text.indexOf('– decision_time'))
    expect(text.indexOf('– decision_time')).toBeLessThan(text.indexOf('✓ failover_time'))
  })

  it('a check stays on one line of a narrow terminal', () => {
    const check = { ...verdictCase().checks[0], verdict: 'pass' as const, name: 'machine-room', objective: 'processor use < 70 % in every phase, event-loop lag < 100 ms' }
    const line = (columns: number): string => printVerdict(verdictCase({ checks: [check] }), null, false, columns).split('\n').find((text) => text.includes('machine-room'))!
    expect(line(60)).toHaveLength(60)
    expect(line(60)).toMatch(/processor use .*…$/)
    expect(line(200)).toContain(check.objective)
  })

  it('a name stays on its line', () => {
    const lines = printVerdict(nastyVerdict(), null, false).split('\n')
    expect(lines.filter((line) => line.includes('failover_time'))).toHaveLength(1)
  })
})

describe('printRepeats', () => {
  it('tells the distribution, with runs below resolution counted as nought and unrecovered ones without end', () => {
    const failover = verdictCase().failover
    if (failover === null) throw new Error('the case has a failover')
    const text = printRepeats([
      verdictCase({ verdict: 'pass' }), verdictCase({ verdict: 'pass', failover: { ...failover, belowResolution: true } }), verdictCase({ failover: { ...failover, notRecovered: true } }),
    ], false)
    expect(text).toContain('3 runs: 2 pass, 1 fail, 0 inconclusive')
    expect(text).toContain('median 162 ms, 90th percentile without end, worst without end; 1 below resolution')
    expect(text).toContain('eligible requests failed: 9')
  })
})
