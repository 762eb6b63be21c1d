// A search in Markdown, for a CI job's page or an issue.

import { formatCount } from '../../scenarios/judging/statistics.ts'
import { searchCommand } from '../../scenarios/search/finding.ts'
import type { SearchResult } from '../../scenarios/search/result.ts'
import { cell } from '../markdown.ts'
import { faultText, headlineOf, replayCommand, shrunkText, sizeOf } from './words.ts'

export function markdown(result: SearchResult): string {
  const { asked, violations, findings } = result
  return [
    `## ${violations.length === 0 ? '✅ Nothing found' : '❌ Found'}: search over ${cell(asked.scenario)}`, '', cell(headlineOf(result)), '', cell(sizeOf(result)), '',
    ...(violations.length === 0 ? [] : ['| invariant | runs | seeds |', '|---|---:|---|',
      ...violations.map(({ invariant, runs, seeds }) => `| ${cell(invariant)} | ${formatCount(runs)} | ${seeds.join(', ')}${runs > seeds.length ? ' …' : ''} |`), '']),
    ...findings.flatMap((finding) => [
      `### ${cell(finding.invariant)}, seed ${finding.seed}`, '', cell(finding.text), '', `${cell(shrunkText(finding))}:`, '',
      ...(finding.method.length === 0 ? ['- no fault is needed'] : finding.method.map((block) => `- ${cell(faultText(block))}`)),
      '', '```sh', replayCommand(finding, finding.file), '```', '',
    ]),
    `Watched: ${Object.keys(result.watched).map(cell).join(', ')}.`,
    ...Object.entries(result.unwatched).map(([name, why]) => `Not watched: ${cell(name)} (${cell(why)}).`), '',
    ...result.limits.map((limit) => `> **Limit.** ${cell(limit)}`),
    'Again:', '', '```sh', searchCommand(asked), '```', '',
  ].join('\n')
}
