// The summary for CI pages: complete, and no name can become markup or leave its cell.

import { describe, expect, it } from 'vitest'
import { markdown } from './markdown.ts'
import { nastyVerdict, trace, unsupportedVerdict, verdictCase } from './verdict.case.ts'

describe('markdown', () => {
  it('says verdict, checks worst first, failover, limits and the command', () => {
    const text = markdown(verdictCase({ limits: ['k6 is missing'] }), 'regatta run regional-outage --seed 7')
    expect(text).toContain('## ❌ FAIL: regional-outage on local')
    expect(text.indexOf('eligible\\_failed')).toBeLessThan(text.indexOf('failover\\_time'))
    expect(text).toContain('162 ms ± 10 ms')
    expect(text).toContain('> **Limit.** k6 is missing')
    expect(text).toContain('```sh\nregatta run regional-outage --seed 7\n```')
    expect(text).toContain('12,345 requests, 3 of 11,000 eligible ones failed')
  })

  it('keeps hostile names inside their cells', () => {
    const lines = markdown(nastyVerdict(), 'x').split('\n')
    expect(lines.join('\n')).not.toMatch(/(?<!\\)<(?!\s|\d)/)
    for (const row of lines.filter((line) => line.startsWith('| '))) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5)
    // oxlint-disable-next-line no-control-regex
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/)
  })

  it('says what was not judged and why, and how virtual time went', () => {
    const text = markdown(unsupportedVerdict(), 'x', { trace })
    expect(text).toContain('| ➖ | decision\\_time p(99)\\<1ms | not measured |')
    expect(text).toContain('> **Not judged.** decision\\_time p(99)\\<1ms: simulated cannot measure decision\\_time: the clock stands still')
    expect(text).toContain('Virtual time: 60 s in 5.2 s by the clock on the wall, 11.5 times faster than real time; trace 47982203a32013f1 over 12,345,678 events, 3,000,000 requests.')
    expect(markdown(verdictCase(), 'x')).not.toMatch(/Not judged|Virtual time/)
  })

  it('a command cannot end its block', () => {
    expect(markdown(verdictCase(), 'a\n```\nb')).toContain('````sh\na\n```\nb\n````')
  })
})
