// A comparison as a table: a row a variant, below it what differs from the first, and one sentence at the end.

import Table from 'cli-table3'
import pc from 'picocolors'
import type { Comparison, Variant } from '../../scenarios/compare/document.ts'
import { oneLine } from '../words.ts'
import { endOf, errorsOf, failoverWords, figure, figureName, leftOut, meaningOf, ownerWords, sorted, spreadWords, upWords, verdictCounts } from './words.ts'

const paints: Record<string, (text: string) => string> = { pass: pc.green, fail: pc.red, inconclusive: pc.yellow, quiet: pc.dim }

export function printComparison(document: Comparison): string {
  const { variants, summary, scenario, substrate, rounds } = document
  const table = new Table({ head: ['', 'failover by', 'verdicts', 'failover time', 'failed · slow probes', 'failed eligible', 'up after'], style: { head: [], border: [], compact: true }, wordWrap: true })
  for (const variant of variants) {
    table.push([variant.name, ownerWords(variant), verdictCounts(variant), failoverWords(variant),
      ['failed_probes', 'slow_probes'].map((name) => spreadWords(figure(variant, name as 'failed_probes'))).join(' · '),
      spreadWords(figure(variant, 'eligible_failed')), upWords(variant)].map(oneLine))
  }
  const { tone, word } = endOf(document)
  return [
    `${pc.bold(oneLine(scenario))} on ${oneLine(substrate)}, ${rounds} rounds; medians over runs, least to most in brackets`,
    table.toString(),
    ...variants.slice(1).map((variant) => printVariant(variant, variants[0])),
    ...(variants[0].counts.counted < variants[0].runs.length ? [troubles(variants[0])] : []),
    `${paints[tone](word)}  ${oneLine(summary)}`,
    '',
  ].join('\n')
}

function printVariant(variant: Variant, first: Variant): string {
  const { apart, alike, none } = sorted(variant)
  const lines = apart.map((one) => `  ${oneLine(figureName(one))}: ${paints[meaningOf(one).tone](one.difference!.words)}`)
  const rest = [...(alike.length === 0 ? [] : [`${alike.length} figures not told apart`]), ...(none === null ? [] : [none])].join(', ')
  const head = `${pc.bold(oneLine(variant.name))} against ${oneLine(first.name)}${rest === '' ? '' : `: ${rest}`}`
  return [head, ...lines, ...(variant.counts.counted < variant.runs.length ? [troubles(variant)] : [])].join('\n')
}

function troubles(variant: Variant): string {
  const doubts = [...new Set(variant.runs.flatMap(({ error, doubts: some }) => (error === null ? some : [])))]
  return [`  ${oneLine(`${variant.name}, ${leftOut(variant) ?? ''}`)}`,
    ...errorsOf(variant).flatMap(({ text, details }) => [`  - ${paints.fail(oneLine(text))}`, ...details.map((detail) => `    ${oneLine(detail)}`)]),
    ...doubts.map((text) => `  - ${oneLine(text)}`)].join('\n')
}
