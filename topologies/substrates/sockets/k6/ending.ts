// What k6's end means. Its exit code is not enough: a suite that throws in every iteration ends with 0, and so
// does one that never found a free VU.

import { topologyError } from '../../../errors.ts'

export interface K6Ending {
  exitCode: number | null
  /** Text of `--summary-export`; null when k6 wrote none. */
  summary: string | null
  stderr: string
}

export interface K6Counts { iterations: number; dropped: number }

/** A suite's own thresholds (99) are inputs to nothing here: the verdict is ours. */
const thresholdsMissed = 99
/** codes.go of k6: invalid options, and a script that threw while loading. */
const scriptFaults = new Set([104, 107])

/** Throws RGT_K6_SCRIPT when the suite threw, anywhere, and RGT_K6_RUN when k6 did not come to its end. */
export function readEnding(load: string, { exitCode, summary, stderr }: K6Ending): K6Counts {
  const thrown = stackTrace(stderr)
  if (thrown !== null || scriptFaults.has(exitCode ?? -1)) {
    throw topologyError('RGT_K6_SCRIPT', `the k6 suite of load ${load} is at fault`, {
      expected: 'a suite that runs', found: thrown ?? lastWords(stderr), hint: 'k6 reports an iteration that throws as a success; here it is not one',
    })
  }
  if ((exitCode !== 0 && exitCode !== thresholdsMissed) || summary === null) {
    throw topologyError('RGT_K6_RUN', `k6 ended with ${exitCode === null ? 'a signal' : `exit code ${exitCode}`} before load ${load} was played`, {
      found: lastWords(stderr),
    })
  }
  const count = (metric: string): number => (JSON.parse(summary) as { metrics: Record<string, { count?: number }> }).metrics[metric]?.count ?? 0
  return { iterations: count('iterations'), dropped: count('dropped_iterations') }
}

/** The first exception with its place: k6 logs the message and then `\tat function (file…)`. */
function stackTrace(stderr: string): string | null {
  const lines = stderr.split('\n')
  const at = lines.findIndex((line) => /^\s*at .*\(?(?:file:|webpack:|\/)/.test(line) || /^\s*at .*\(native\)/.test(line))
  return at < 0 ? null : lines.slice(Math.max(0, at - 1), at + 2).map((line) => line.trim()).join(' ')
}

function lastWords(stderr: string): string {
  const text = stderr.trim()
  return text === '' ? 'nothing on standard error' : text.slice(-600)
}
