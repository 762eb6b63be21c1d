// Tries which regular expressions a route may hold, and that none of them can be made to take long.

import { describe, expect, it } from 'vitest'
import { compilePattern, maxPatternLength, regexProblem, testPattern } from './match-regex.ts'

describe('regular expressions of matches', () => {
  it.each(['/users/[0-9]+', '/v(1|2)/.*', '[^/]+\\.png', '(?:/[a-z]){1,5}', '\\(a+\\)+', '[(a+)]+'])('takes %s', (pattern) => {
    expect(regexProblem(pattern)).toBeNull()
  })

  it.each([
    ['(', 'is not a regular expression'],
    ['a)|(?:b', 'is not a regular expression'],
    ['a(?=b)', 'looks around'],
    ['(?<!a)b', 'looks around'],
    ['(a)\\1', 'refers back'],
    ['(a+)+', 'repeats a repeat without bound'],
    ['((ab)*c)*', 'repeats a repeat without bound'],
    ['(a{2,})+', 'repeats a repeat without bound'],
    ['a'.repeat(maxPatternLength + 1), 'is too long a regular expression'],
  ])('refuses %s', (pattern, message) => {
    expect(regexProblem(pattern)?.message).toBe(message)
  })

  it('matches the whole value, each alternative included', () => {
    expect(testPattern(compilePattern('/a|/b'), '/a')).toBe(true)
    expect(testPattern(compilePattern('/a|/b'), '/ax')).toBe(false)
    expect(testPattern(compilePattern('/a|/b'), 'x/b')).toBe(false)
  })
})
