// Was there room on the machine? Above the line a run measures its own queue and is not to be believed.

import { mostCpuShare } from '../../../scenarios/checks/machine-room.ts'
import { formatUnit } from '../../../scenarios/judging/statistics.ts'
import { quantity } from '../../words.ts'
import { boxWidth, linearAxis } from '../axis.ts'
import { h, type Markup } from '../markup.ts'
import { numbers } from '../numbers.ts'
import { readable, type Page } from '../page.ts'
import { figure, panel } from '../panel.ts'
import { linePath } from '../paths.ts'
import { machine } from '../series.ts'

export function machineChart(page: Page): Markup {
  const { cpuShare, loopLagMs } = machine(page.context, page.slots)
  if (cpuShare.every((value) => value === null)) {
    return h`<figure class="card chart" id="machine"><figcaption><h3>Room on the machine</h3><p>${page.run.time === 'virtual' ? 'Virtual time stands still while the machine is busy: nothing of the machine enters the run.' : 'The run holds no sample of the machine.'}</p></figcaption></figure>`
  }
  const y = linearAxis(1, (value) => formatUnit(value, 'share'))
  page.readouts.machine = [
    { label: 'processor use', tone: 'calm-1', unit: 'share', values: readable(cpuShare) },
    { label: 'event-loop lag p99', tone: '', unit: 'ms', values: readable(loopLagMs) },
  ]
  const phases = machine(page.context, page.phaseSlots)
  const cell = (value: number | null, unit: string): string => (value === null ? '–' : quantity(value, unit))
  return figure('machine', 'Room on the machine', `Processor use of the whole machine, a sample a second. On average it must stay under ${formatUnit(mostCpuShare, 'share')} in every phase, or the run is inconclusive.`, page.frame, [panel(page.frame, {
    id: 'machine', title: '', height: 110, y,
    legend: [{ label: 'processor use', tone: 'calm-1' }, { label: `limit ${formatUnit(mostCpuShare, 'share')}`, tone: 'limit', mark: 'dash' }],
    summary: 'Processor use over time; the table below gives the most of each phase.',
    shapes: h`<path class="limit dashed" d="M0 ${y.at(mostCpuShare)}H${boxWidth}"/><path class="line calm-1" d="${linePath(cpuShare, y)}"/>`,
  })], numbers({
    caption: 'Room on the machine by phase, worst sample', head: ['', ...page.phaseSlots.names],
    rows: [['processor use', ...phases.cpuShare.map((value) => cell(value, 'share'))], ['event-loop lag p99', ...phases.loopLagMs.map((value) => cell(value, 'ms'))]],
  }))
}
