// Regular expressions of route matches. They run on request data in the middle of the event loop, so what could
// run away is refused when configuration is read, and the rest is bounded by the length of what it reads.
//
// Refused: patterns over 256 characters; look-around and back-references (RE2 and so Envoy have none: the same
// configuration would mean something else elsewhere); an unbounded repeat inside an unbounded repeat, `(a+)+`,
// the usual form of catastrophic backtracking. Not detected: ambiguous alternatives such as `(a|a)*`.

/** Longest pattern, characters. */
export const maxPatternLength = 256
/** Longer values never match: the cost of one match stays bounded. Characters. */
export const maxSubjectLength = 2048

export interface RegexProblem { message: string; expected: string; hint?: string }

/** Why a pattern may not be used, or null. */
export function regexProblem(pattern: string): RegexProblem | null {
  if (pattern.length > maxPatternLength) {
    return { message: 'is too long a regular expression', expected: `at most ${maxPatternLength} characters` }
  }
  try {
    new RegExp(`^(?:${pattern})$`)
    // Alone it must be whole too: `a)|(?:b` would pass inside the group.
    new RegExp(pattern)
  } catch (cause) {
    const hint = cause instanceof Error ? cause.message : String(cause)
    return { message: 'is not a regular expression', expected: 'a pattern that compiles', hint }
  }
  if (/\(\?(?:[=!]|<[=!])/.test(unescaped(pattern))) {
    return { message: 'looks around', expected: 'a pattern without (?=, (?!, (?<= and (?<!, as in RE2' }
  }
  if (/\\(?:[1-9]|k<)/.test(pattern.replaceAll('\\\\', ''))) {
    return { message: 'refers back', expected: 'a pattern without back-references, as in RE2' }
  }
  if (nestsRepeats(unescaped(pattern))) {
    return {
      message: 'repeats a repeat without bound',
      expected: 'no unbounded repeat inside another, such as (a+)+',
      hint: 'it may take exponential time on hostile input',
    }
  }
  return null
}

/** The pattern, anchored at both ends, as it is matched. Throws SyntaxError when it does not compile. */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`)
}

export function testPattern(pattern: RegExp, subject: string): boolean {
  return subject.length <= maxSubjectLength && pattern.test(subject)
}

/** Escapes and character classes hold no structure: each becomes one plain character. */
function unescaped(pattern: string): string {
  return pattern.replace(/\\[\s\S]/g, 'a').replace(/\[[^\]]*\]/g, 'a')
}

function nestsRepeats(pattern: string): boolean {
  /** For each open group: has it an unbounded repeat inside? */
  const open: boolean[] = [false]
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '(') {
      open.push(false)
      continue
    }
    const inner = pattern[i] === ')' && open.length > 1 ? open.pop()! : false
    const repeated = /^(?:[*+]|\{\d+,\})/.test(pattern.slice(i + 1, i + 12))
    if (inner && repeated) return true
    if (inner || repeated) open[open.length - 1] = true
  }
  return false
}
