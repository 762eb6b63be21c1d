// How far a sweep is: one line that is drawn anew on a terminal, a plain line a finished cell without one.

import { createLogUpdate } from 'log-update'
import { formatDuration } from '../gateway/config/duration.ts'
import { ejectionsText, failoverText, safetyMarks, worstText } from '../reports/sweep/words.ts'
import { oneLine } from '../reports/words.ts'
import type { CellResult } from '../scenarios/sweep/result.ts'
import { safeties, type Safety } from '../scenarios/sweep/result.ts'

export interface SweepProgress {
  cell(cell: CellResult): void
  trial(): void
  close(): void
}

export interface ProgressOptions {
  cells: number
  runs: number
  workers: number
  /** Lines instead of a picture. */
  plain: boolean
  stream: NodeJS.WriteStream
}

const redrawMs = 250
const barWidth = 24

export function openProgress({ cells, runs, workers, plain, stream }: ProgressOptions): SweepProgress {
  const startedMs = performance.now()
  const counts: Record<Safety, number> = { safe: 0, unsafe: 0, unknown: 0 }
  let played = 0
  let last = ''
  const frame = (): string => {
    const seconds = (performance.now() - startedMs) / 1000
    const filled = Math.round((played / runs) * barWidth)
    const left = played === 0 ? '' : `, about ${whole((seconds / played) * (runs - played))} left`
    const found = safeties.filter((safety) => counts[safety] > 0).map((safety) => `${safetyMarks[safety]} ${counts[safety]}`).join('  ')
    return [
      `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}  ${played} of ${runs} runs, ${whole(seconds)}${left}  ${found}`, last,
    ].map((line) => line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))).join('\n')
  }
  const line = (text: string): void => void stream.write(`${oneLine(text)}\n`)
  if (plain) line(`${cells} cells, ${runs} runs, ${workers} at a time`)
  const draw = plain ? null : createLogUpdate(stream)
  const timer = draw === null ? null : setInterval(() => draw(frame()), redrawMs)
  return {
    cell(cell) {
      counts[cell.safety]++
      last = cellLine(cell)
      if (plain) line(last)
    },
    trial: () => { played++ },
    close() {
      if (timer !== null) clearInterval(timer)
      draw?.(frame())
      draw?.done()
      if (plain) line(`${played} of ${runs} runs in ${whole((performance.now() - startedMs) / 1000)}`)
    },
  }
}

function cellLine(cell: CellResult): string {
  const settings = Object.entries(cell.settings).map(([axis, value]) => `${axis} ${value}`).join(', ')
  const more = [worstText(cell), cell.falseEjections.total === 0 ? '' : `${ejectionsText(cell)} false ejections a run`, cell.safety === 'unknown' ? cell.why : '']
  return `${safetyMarks[cell.safety]} ${settings}: ${[failoverText(cell), ...more].filter((text) => text !== '').join(', ')}`
}

function whole(seconds: number): string {
  return formatDuration(Math.round(seconds) * 1e6)
}
