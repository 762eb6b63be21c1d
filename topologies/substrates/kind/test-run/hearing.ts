// What the pods of a TestRun say, sorted: who stands at the start, rows (kept until there is a zero), counts, and last
// words, which are all that is left of a pod that failed.

import type { Tally } from '../../sockets/k6/tally.ts'
import { summaryMark } from './suite.ts'
import { partOf, type PodPart } from './watch.ts'

export interface Hearing {
  line(pod: string, text: string): void
  /** Runner pods that wait in `setup`. */
  readonly waiting: ReadonlySet<string>
  /** From now on rows are told; `aheadUs`: of a pod's clock. Those that came before are told at once. */
  tell(tally: Tally, aheadUs: (pod: string) => number): void
  /** A runner's counts, as k6 told them at its end; null before. */
  summary(pod: string): string | null
  /** Last words of a pod, or of all pods of a part. */
  words(of: { pod: string } | { part: PodPart }): string
}

/** Lines that are kept of each pod. */
const kept = 40
const keptCharacters = 600

export function openHearing(testRun: string): Hearing {
  const waiting = new Set<string>()
  const early: [pod: string, text: string][] = []
  const summaries = new Map<string, string>()
  const said = new Map<string, string[]>()
  let row: (pod: string, text: string) => void = (pod, text) => void early.push([pod, text])
  return {
    waiting,
    line(pod, text) {
      if (text === 'waiting') waiting.add(pod)
      else if (text.startsWith(`${summaryMark}\t`)) summaries.set(pod, text.slice(summaryMark.length + 1))
      else if (text === 'exact' || text.startsWith('row\t')) row(pod, text)
      else if (text !== '') said.set(pod, [...said.get(pod) ?? [], text].slice(-kept))
    },
    tell(tally, aheadUs) {
      row = (pod, text) => tally.line(text, aheadUs(pod))
      for (const [pod, text] of early.splice(0)) row(pod, text)
    },
    summary: (pod) => summaries.get(pod) ?? null,
    words(of) {
      const lines = 'pod' in of ? said.get(of.pod) ?? [] : [...said].filter(([pod]) => partOf(pod, testRun) === of.part).flatMap(([, each]) => each)
      return lines.length === 0 ? '' : lines.join('\n').slice(-keptCharacters)
    },
  }
}
