// The map for a CI job's page or a pull request.

import type { CellResult, SweepResult } from '../../scenarios/sweep/result.ts'
import { cell as plain } from '../markdown.ts'
import { oneLine } from '../words.ts'
import { slicesOf, valueLabel } from './slices.ts'
import { ejectionsText, failoverText, headlineOf, safeRanges, safetyMarks, worstText } from './words.ts'

export function markdown(result: SweepResult): string {
  const names = result.axes.slice(1).map(({ name }) => name)
  const ranges = safeRanges(result)
  return [
    `## Sweep ${plain(result.name)}`, '', plain(headlineOf(result)), '', plain(result.description), '',
    `Scenario ${plain(result.scenario)} on ${plain(result.topology)}, ${result.counts.runs} runs in simulation, seeds ${result.seeds[0]} to ${result.seeds.at(-1)}.`
      + `${result.fixed.length === 0 ? '' : ` Everywhere: ${result.fixed.map(({ axis, value }) => plain(`${axis} ${value}`)).join(', ')}.`}`,
    '', 'Failover time: median over the seeds, then the worst, then false ejections a run where there are any. ✓ safe, ✗ not, ? cannot be told.',
    ...slicesOf(result).flatMap(({ title, across, down, rows }) => [
      '', ...(title === '' ? [] : [`**${plain(title)}**`, '']),
      row([down === null ? across.name : `${down.name} \\ ${across.name}`, ...across.values.map((_, index) => valueLabel(across, index))]),
      row(['---', ...across.values.map(() => '--:')]),
      ...rows.map(({ label, cells }) => row([label, ...cells.map(cellText)])),
    ]),
    '', ...(names.length === 0 ? [] : [
      row([...names, `safe ${result.axes[0].name}`, '']), row([...names.map(() => '---'), '---', '--:']),
      ...ranges.map(({ settings, where, safe, of }) => row([...settings, where, `${safe} of ${of}`])), '',
    ]),
    ...fenced(oneLine(result.command)), '',
  ].join('\n')
}

function cellText(cell: CellResult): string {
  const under = [worstText(cell), cell.falseEjections.total === 0 ? '' : `${ejectionsText(cell)} false`].filter((part) => part !== '')
  return `${safetyMarks[cell.safety]} ${[failoverText(cell), ...under].join(', ')}`
}

function fenced(command: string): string[] {
  const fence = '`'.repeat(Math.max(3, ...[...command.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)))
  return ['Again:', '', `${fence}sh`, command, fence]
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(plain).join(' | ')} |`
}
