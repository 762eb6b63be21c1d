// A sweep on the terminal: a table for each map, and where it is safe. Colours only where somebody looks; the marks
// say the same.

import Table from 'cli-table3'
import pc from 'picocolors'
import type { CellResult, SweepResult } from '../../scenarios/sweep/result.ts'
import { oneLine } from '../words.ts'
import { slicesOf, valueLabel, type Slice } from './slices.ts'
import { ejectionsText, failoverText, headlineOf, safeRanges, safetyMarks, worstText } from './words.ts'

type Colours = ReturnType<typeof pc.createColors>

export function printSweep(result: SweepResult, reports: Record<string, string>, colour = process.stdout.isTTY === true): string {
  const colours = pc.createColors(colour && pc.isColorSupported)
  const failed = result.cells.flatMap((cell) => cell.trials.flatMap(({ error }) => (error === null ? [] : [`${error.code}: ${error.message}`])))
  const doubts = new Set(result.cells.filter(({ safety }) => safety === 'unknown').map(({ why }) => why))
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', colours.dim(title), ...lines])
  const shown = (texts: Iterable<string>): string[] => {
    const all = [...new Set(texts)].map((text) => `  ${oneLine(text)}`)
    return [...all.slice(0, 5), ...(all.length > 5 ? [`  and ${all.length - 5} more`] : [])]
  }
  return [
    '', `${colours.bold(oneLine(result.name))}  ${oneLine(`${result.scenario} on ${result.topology}, ${result.counts.runs} runs in simulation`)}`, headlineOf(result), '',
    `${colours.dim('failover: median over the seeds; below it the worst, and false ejections a run where there are any')}`,
    ...slicesOf(result).map((slice) => sliceTable(slice, colours)),
    ...section('where it is safe', rangeLines(result)),
    ...section('runs that could not be played', shown(failed)),
    ...(failed.length > 0 ? [] : section('why some cells cannot be told', shown(doubts))),
    ...section('reports', Object.entries(reports).map(([kind, path]) => `  ${kind.padEnd(10)} ${path}`)),
    '',
  ].join('\n')
}

function sliceTable({ title, across, down, rows }: Slice, colours: Colours): string {
  const corner = down === null ? across.name : `${down.name} \\ ${across.name}`
  const table = new Table({ head: [corner, ...across.values.map((_, index) => valueLabel(across, index))], style: { head: [], border: [], compact: true } })
  for (const { label, cells } of rows) table.push([label, ...cells.map((cell) => cellText(cell, colours))])
  return `${title === '' ? '' : `${title}\n`}${table.toString()}`
}

function cellText(cell: CellResult, colours: Colours): string {
  const paint = { safe: colours.green, unsafe: colours.red, unknown: colours.yellow }[cell.safety]
  const under = [worstText(cell), cell.falseEjections.total === 0 ? '' : `${ejectionsText(cell)} false`].filter((text) => text !== '')
  return [paint(`${safetyMarks[cell.safety]} ${failoverText(cell)}`), ...under.map((text) => `  ${text}`)].join('\n')
}

function rangeLines(result: SweepResult): string[] {
  const names = result.axes.slice(1).map(({ name }) => name)
  const ranges = safeRanges(result)
  const texts = ranges.map(({ settings }) => settings.map((value, index) => `${names[index]} ${value}`).join(', '))
  const width = Math.max(0, ...texts.map(({ length }) => length))
  return ranges.map(({ where, safe, of }, index) => `  ${texts[index].padEnd(width)}  ${where} (${safe} of ${of})`)
}
