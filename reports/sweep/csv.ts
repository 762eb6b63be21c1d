// The map as comma-separated values (RFC 4180), a line a cell, for spreadsheets and data frames. Empty = no end, or
// not measured: `runs_not_recovered` and `runs_believed` tell which.

import type { SweepResult } from '../../scenarios/sweep/result.ts'

export function csv({ axes, cells }: SweepResult): string {
  const head = [
    ...axes.map(({ name }) => name), 'safety', 'runs', 'runs_believed', 'runs_not_recovered', 'failover_median_ms', 'failover_worst_ms', 'resolution_ms',
    'detect_median_ms', 'runs_never_detected', 'false_ejections', 'failed_median', 'eligible_failed_median', 'eligible_failed_worst', 'why',
  ]
  const lines = cells.map(({ settings, safety, why, trials, believed, failover, detect, falseEjections, failed, eligibleFailed }) => [
    ...axes.map(({ name }) => settings[name]), safety, trials.length, believed, failover.notRecovered, failover.medianMs, failover.worstMs, failover.resolutionMs,
    detect.medianMs, detect.never, falseEjections.total, failed.median, eligibleFailed.median, eligibleFailed.worst, why,
  ])
  return [head, ...lines].map((line) => `${line.map(field).join(',')}\r\n`).join('')
}

/** A spreadsheet takes a text that begins with one of `= + - @` for a formula: such texts get an apostrophe in front. */
function field(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
