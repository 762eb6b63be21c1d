// A summary in Markdown for a CI job's page or a pull request.

import type { Verdict, VerdictValue } from '../scenarios/verdict.ts'
import { failoverWords, quantity, verdictWords, worstFirst } from './words.ts'

const mark: Record<VerdictValue, string> = { pass: '✅', fail: '❌', inconclusive: '❔' }

export function markdown(verdict: Verdict, command: string): string {
  const { failover, counts } = verdict
  return [
    `## ${mark[verdict.verdict]} ${verdictWords[verdict.verdict]}: ${verdict.scenario} on ${verdict.substrate}`,
    '', verdict.summary, '',
    '| | check | observed | objective |', '|---|---|---:|---|',
    ...worstFirst(verdict.checks).map((check) =>
      `| ${mark[check.verdict]} | ${cell(check.name)} | ${cell(quantity(check.observed, check.unit))} | ${cell(check.objective)} |`),
    ...(failover === null ? [] : [
      '', `**Failover** ${failoverWords(failover)}; detect ${quantity(failover.stages.detectMs, 'ms')}, decide ${quantity(failover.stages.decideMs, 'ms')}, drain ${quantity(failover.stages.drainMs, 'ms')}.`,
    ]),
    '', `${counts.requests.toLocaleString('en-GB')} requests, ${counts.eligibleFailed} of ${counts.eligible.toLocaleString('en-GB')} eligible ones failed, ${counts.hedges} hedges, ${counts.retries} retries.`,
    ...(verdict.limits.length === 0 ? [] : ['', ...verdict.limits.map((limit) => `> **Limit.** ${cell(limit)}`)]),
    '', 'Again:', '', '```sh', command, '```', '',
  ].join('\n')
}

/** A cell of a table holds no bar and no line break, and what looks like markup is shown as text. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]<>|~]/g, String.raw`\$&`)
}
