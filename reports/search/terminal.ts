// A search on the terminal: what was broken, the smallest schedule that breaks it, and the command that shows it.

import pc from 'picocolors'
import type { Finding, SearchResult } from '../../scenarios/search/result.ts'
import { oneLine } from '../words.ts'
import { faultText, headlineOf, replayCommand, shrunkText, sizeOf } from './words.ts'

/** `files`: path of each finding's scenario by its name, as it is to be typed; `reports`: kind → path. */
export function printSearch(result: SearchResult, files: Record<string, string>, reports: Record<string, string>, colour = process.stdout.isTTY === true): string {
  const colours = pc.createColors(colour && pc.isColorSupported)
  const good = result.violations.length === 0
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', colours.dim(title), ...lines])
  const found = (finding: Finding): string[] => [
    `  ${colours.red('✗')} ${colours.bold(oneLine(finding.invariant))}  seed ${finding.seed}: ${shrunkText(finding)}`,
    `      ${oneLine(finding.text)}`,
    ...(finding.method.length === 0 ? ['      no fault is needed'] : finding.method.map((block) => `      ${faultText(block)}`)),
    `      ${colours.cyan(replayCommand(finding, files[finding.file] ?? finding.file))}`,
  ]
  const { scenario, topology, plant } = result.asked
  return [
    '', `${colours.bold((good ? colours.green : colours.red)(good ? 'NOTHING FOUND' : 'FOUND'))}  ${oneLine(`${scenario} on ${topology}, seeds from ${result.asked.seed}${plant.length === 0 ? '' : `, planted ${plant.join(', ')}`}`)}`,
    headlineOf(result), sizeOf(result),
    ...section('the smallest schedules that break an invariant', result.findings.flatMap(found)),
    ...section('watched', Object.entries(result.watched).map(([name, meaning]) => `  ${name}: ${meaning}`)),
    ...section('not watched', Object.entries(result.unwatched).map(([name, why]) => `  ${name}: ${why}`)),
    ...section('limits', result.limits.map((limit) => `  ${colours.yellow('!')} ${oneLine(limit)}`)),
    ...section('reports', Object.entries(reports).map(([kind, path]) => `  ${kind.padEnd(10)} ${path}`)),
    '',
  ].join('\n')
}
