// Parity as a table: a row a figure, the reasons below it, and one sentence at the end.

import Table from 'cli-table3'
import pc from 'picocolors'
import type { Comparison, ParityReport } from '../../scenarios/parity/document.ts'
import { oneLine, quantity, verdictWords } from '../words.ts'
import { agreementTones, agreementWords, figureNames, pointsWords, ratioWords, widestByPhase } from './words.ts'

const paints: Record<string, (text: string) => string> = { pass: pc.green, fail: pc.red, inconclusive: pc.yellow, quiet: pc.dim }

export function printParity(report: ParityReport): string {
  const { verdict, summary, model } = report
  return [
    ...report.comparisons.map(printComparison),
    `${paints[verdict](verdictWords[verdict])}  ${oneLine(summary)}`,
    `constants of simulation: ${oneLine(model.source)}${model.scenario === null ? ' (nothing was calibrated on this machine: see `regatta calibrate`)' : ''}`,
    '',
  ].join('\n')
}

function printComparison(comparison: Comparison): string {
  const { scenario, subject, reference, figures, splits, refused, reasons, calibratedOn } = comparison
  const head = `${pc.bold(scenario)}: ${subject.substrate} (${subject.believed} runs) against ${reference.substrate} (${reference.believed} runs${left(reference)})`
    + (calibratedOn ? ', calibrated on this scenario, so it proves nothing' : '')
  if (refused !== null) return `${head}\n  ${paints.inconclusive(refused)}\n${[...subject.doubts, ...reference.doubts].map((text) => `  - ${oneLine(text)}\n`).join('')}`
  const table = new Table({ head: ['', subject.substrate, reference.substrate, 'ratio or points, 90 %', ''], style: { head: [], border: [], compact: true } })
  for (const figure of figures) {
    const [ours, theirs] = [figure.subject, figure.reference].map(({ median }) => (median === null ? '–' : quantity(median, 'ms')))
    table.push([figureNames[figure.name], ours, theirs, ratioWords(figure), told(figure.agreement)])
  }
  for (const split of widestByPhase(splits)) {
    table.push([`traffic, ${split.phase}: ${split.region}`, quantity(split.subject, 'share'), quantity(split.reference, 'share'), pointsWords(split), told(split.agreement)])
  }
  return `${head}\n${table.toString()}\n${reasons.map((reason) => `  why: ${oneLine(reason)}\n`).join('')}`
}

function left({ crowded, doubted }: Comparison['reference']): string {
  return `${crowded === 0 ? '' : `, ${crowded} left out: no room on the machine`}${doubted === 0 ? '' : `, ${doubted} left out: not to be believed`}`
}

function told(agreement: Comparison['figures'][number]['agreement']): string {
  return paints[agreementTones[agreement]](agreementWords[agreement])
}
