// How far a search is: a few lines drawn anew on a terminal; without one, a plain line every ten seconds and one for
// whatever is found.

import { createLogUpdate } from 'log-update'
import { formatDuration } from '../gateway/config/duration.ts'
import { oneLine } from '../reports/words.ts'
import { formatCount } from '../scenarios/judging/statistics.ts'
import type { Candidate } from '../scenarios/search/candidate.ts'
import type { TrialResult } from '../scenarios/search/trial.ts'

export interface SearchProgress {
  trial(result: TrialResult): void
  shrink(invariant: string, replays: number, held: Candidate): void
  close(): void
}

export interface ProgressOptions {
  scenario: string
  /** null = without end. */
  runs: number | null
  workers: number
  /** Lines instead of a picture. */
  plain: boolean
  stream: NodeJS.WriteStream
}

const redrawMs = 250
const lineMs = 10_000
const barWidth = 24
const seedsShown = 6

export function openProgress({ scenario, runs, workers, plain, stream }: ProgressOptions): SearchProgress {
  const startedMs = performance.now()
  const broken = new Map<string, number>()
  const seeds: number[] = []
  let done = 0
  let shrinking = ''
  const passed = (): number => (performance.now() - startedMs) / 1000
  const counts = (): string => {
    const seconds = passed()
    const left = runs === null || done === 0 ? '' : `, about ${whole((seconds / done) * (runs - done))} left`
    return `${formatCount(done)}${runs === null ? '' : ` of ${formatCount(runs)}`} runs, ${(done / Math.max(seconds, 0.001)).toFixed(1)} runs/s, ${whole(seconds)}${left}`
  }
  const bar = (): string => {
    const filled = runs === null ? 0 : Math.round((Math.min(done, runs) / Math.max(1, runs)) * barWidth)
    return runs === null ? '' : `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}  `
  }
  const found = (): string => broken.size === 0 ? 'nothing broken' : [...broken].map(([invariant, count]) => `✗ ${invariant} ${formatCount(count)}`).join('  ')
  const frame = (): string => [`${bar()}${counts()}`, `${found()}   seeds ${seeds.slice(-seedsShown).join(' ')}`, ...(shrinking === '' ? [] : [shrinking])]
    .map((text) => text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))).join('\n')
  const line = (text: string): void => void stream.write(`${oneLine(text)}\n`)
  const draw = plain ? null : createLogUpdate(stream)
  const timer = setInterval(() => (draw === null ? line(`${counts()}; ${shrinking === '' ? found() : shrinking}`) : draw(frame())), plain ? lineMs : redrawMs)
  if (plain) line(`search over ${scenario}: ${runs === null ? 'until a violation or the end of time' : `${formatCount(runs)} runs`}, ${workers} at a time`)
  return {
    trial({ seed, violations }) {
      done++
      seeds.push(seed)
      if (seeds.length > seedsShown) seeds.shift()
      for (const invariant of new Set(violations.map((violation) => violation.invariant))) {
        const before = broken.get(invariant) ?? 0
        broken.set(invariant, before + 1)
        if (plain && before === 0) line(`seed ${seed} broke ${invariant}: ${violations.find((violation) => violation.invariant === invariant)?.text ?? ''}`)
      }
    },
    shrink(invariant, replays, { method }) {
      shrinking = `shrinking ${invariant}: ${method.length} faults after ${replays} replays`
    },
    close() {
      clearInterval(timer)
      draw?.(frame())
      draw?.done()
      if (plain) line(`${counts()}; ${found()}`)
    },
  }
}

function whole(seconds: number): string {
  return formatDuration(Math.round(seconds) * 1_000_000)
}
