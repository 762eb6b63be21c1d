// A summary in Markdown for a CI job's page or a pull request.

import { formatCount } from '../scenarios/judging/statistics.ts'
import type { CheckVerdict, TracingFigures, Verdict } from '../scenarios/verdict.ts'
import type { Inventory } from '../topologies/substrate.ts'
import { tracingLines } from './tracing-words.ts'
import { failoverWords, oneLine, quantity, verdictWords, virtualTimeWords, worstFirst } from './words.ts'

const mark: Record<CheckVerdict, string> = { pass: '✅', fail: '❌', inconclusive: '❔', unsupported: '➖' }

export function markdown(verdict: Verdict, command: string, inventory: Pick<Inventory, 'trace'> = {}): string {
  const { failover, counts } = verdict
  const virtual = virtualTimeWords(inventory)
  const unsupported = verdict.checks.filter((check) => check.verdict === 'unsupported')
  const fence = '`'.repeat(Math.max(3, ...[...command.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)))
  return [
    `## ${mark[verdict.verdict]} ${verdictWords[verdict.verdict]}: ${cell(verdict.scenario)} on ${cell(verdict.substrate)}`,
    '', cell(verdict.summary), '',
    '| | check | observed | objective |', '|---|---|---:|---|',
    ...worstFirst(verdict.checks).map((check) =>
      `| ${mark[check.verdict]} | ${cell(check.name)} | ${cell(quantity(check.observed, check.unit))} | ${cell(check.objective)} |`),
    ...(failover === null ? [] : [
      '', `**Failover** ${failoverWords(failover)}; detect ${quantity(failover.stages.detectMs, 'ms')}, decide ${quantity(failover.stages.decideMs, 'ms')}, drain ${quantity(failover.stages.drainMs, 'ms')}.`,
    ]),
    ...(verdict.tracing === undefined ? [] : tracingTable(verdict.tracing)),
    '', `${formatCount(counts.requests)} requests, ${formatCount(counts.eligibleFailed)} of ${formatCount(counts.eligible)} eligible ones failed, ${counts.hedges} hedges, ${counts.retries} retries.`,
    ...(unsupported.length === 0 ? [] : ['', ...unsupported.map((check) => `> **Not judged.** ${cell(`${check.name}: ${check.evidence.join('; ')}`)}`)]),
    ...(verdict.limits.length === 0 ? [] : ['', ...verdict.limits.map((limit) => `> **Limit.** ${cell(limit)}`)]),
    ...(virtual === null ? [] : ['', `Virtual time: ${cell(virtual.played)}; trace ${cell(virtual.trace)}.`]),
    '', 'Again:', '', `${fence}sh`, command, fence, '',
  ].join('\n')
}

function tracingTable(tracing: TracingFigures): string[] {
  return [
    '', '**Tracing**, processor time and octets a request, in brackets as a share of what tracing everything costs:', '',
    '| configuration | processor time | exported | kept |', '|---|---:|---:|---|',
    ...tracingLines(tracing).map(({ variant, processor, octets, kept }) => `| ${[variant, processor || '–', octets || '–', kept].map(cell).join(' | ')} |`),
  ]
}

/** A cell of a table holds no bar and no line break, and what looks like markup is shown as text. */
export function cell(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_{}[\]<>|~&]/g, String.raw`\$&`)
}
