// The drill on other gateways: each in the edge role of the same topology, behind the same fault proxies and before
// the same region gateways, taking turns. What differs is how long clients notice that a region is gone.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findGateway } from '../../gateway/drivers/index.ts'
import { judge } from '../../scenarios/judge.ts'
import { loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { run } from '../../scenarios/run.ts'
import type { Verdict } from '../../scenarios/verdict.ts'
import { findSubstrate } from '../../topologies/substrates/index.ts'
import { findTool } from '../../topologies/tools/index.ts'
import { missing, rotated, summarise, type Bench, type BenchContext, type BenchResult } from './bench.ts'

const drills = ['regional-hang', 'regional-outage']
const gateways = ['reference', 'envoy', 'envoy:default', 'haproxy', 'haproxy:default', 'nginx', 'nginx:default']
const defaultRounds = 3
/** A crowded machine makes a figure doubtful; a late generator or a fault that did not bite makes it meaningless. */
const tolerable = /^machine-room/

export const failover: Bench = {
  name: 'failover',
  description: 'failover time on the fast drills regional-hang and regional-outage, beside Envoy, HAProxy and nginx, tuned and as they come; 20 s a run',
  async run(context) {
    const { present, absent } = await whoIsHere(context)
    const series = drills.flatMap((drill) => present.map((gateway): Series => ({ drill, gateway, verdicts: [], problems: [] })))
    const rounds = context.rounds ?? defaultRounds
    for (let round = 0; round < rounds; round++) {
      for (const one of rotated(series, round)) {
        context.signal.throwIfAborted()
        await drillOnce(one, round, context)
        context.progress(`round ${round + 1} of ${rounds}: ${one.drill} on ${one.gateway}: ${told(one)}`)
      }
    }
    return [
      ...series.flatMap(report),
      ...absent.flatMap(({ gateway, reason }) => drills.map((drill) => missing(`failover_time{drill:${drill},gateway:${gateway}}`, 'ms', reason))),
    ]
  },
}

interface Series {
  drill: string
  gateway: string
  /** Of runs that gave a failover time. */
  verdicts: Verdict[]
  problems: string[]
}

async function whoIsHere({ tools, only }: BenchContext): Promise<{ present: string[]; absent: { gateway: string; reason: string }[] }> {
  const present: string[] = []
  const absent: { gateway: string; reason: string }[] = []
  for (const gateway of gateways.filter((name) => name === 'reference' || only === null || only.includes(name))) {
    const { tool } = findGateway(gateway).driver
    const found = tool === null ? null : await findTool(tool, tools)
    if (found !== null && !('path' in found)) absent.push({ gateway, reason: found.reason })
    else present.push(gateway)
  }
  return { present, absent }
}

async function drillOnce({ drill, gateway, verdicts, problems }: Series, round: number, { tools, signal }: BenchContext): Promise<void> {
  const runDir = join(mkdtempSync(join(tmpdir(), 'regatta-bench-')), drill)
  try {
    const { scenario, topology } = await loadScenarioAndTopology(drill, { fast: true })
    const record = await run({
      scenario, topology, seed: round + 1, substrate: findSubstrate('local'), runDir, tools, signal,
      options: { gateway }, command: `npm run bench -- failover`,
    })
    signal.throwIfAborted()
    if (record.error !== null) {
      problems.push(`left out: ${record.error.code}: ${record.error.message}`)
      return
    }
    const verdict = await judge(runDir)
    const invalid = verdict.checks.filter((check) => check.group === 'validity' && check.verdict !== 'pass')
    const said = invalid.map(({ name, evidence }) => `${name}: ${evidence[0] ?? ''}`)
    if (verdict.failover === null) problems.push(`left out: ${verdict.summary}`)
    else if (invalid.some(({ name }) => !tolerable.test(name))) problems.push(`left out: ${said.join('; ')}`)
    else {
      verdicts.push(verdict)
      problems.push(...said.map((text) => `doubtful: ${text}`))
    }
  } finally {
    rmSync(join(runDir, '..'), { recursive: true, force: true })
  }
}

function told({ verdicts, problems }: Series): string {
  const last = verdicts.at(-1)?.failover
  if (problems.at(-1)?.startsWith('left out') === true || last === undefined || last === null) return problems.at(-1) ?? 'nothing'
  return `${last.notRecovered ? 'not recovered, over ' : last.belowResolution ? 'below ' : ''}${Math.round(last.valueMs)} ms, ${last.failed} failed, ${last.slow} slow`
}

/** A run that had not recovered before the healing counts with the last bad probe, which is a lower bound. */
function report({ drill, gateway, verdicts, problems }: Series): BenchResult[] {
  const tags = `{drill:${drill},gateway:${gateway}}`
  if (verdicts.length === 0) return [missing(`failover_time${tags}`, 'ms', problems.join('; ') || 'no run')]
  const measured = verdicts.map((verdict) => verdict.failover!)
  const lost = measured.filter(({ notRecovered }) => notRecovered).length
  const below = measured.filter(({ belowResolution }) => belowResolution).length
  const times = measured.map(({ valueMs }) => valueMs)
  const notes = [
    `${measured.length} runs`,
    ...(lost > 0 ? [`${lost} not recovered before the healing: a lower bound`] : []),
    ...(below > 0 ? [`${below} below the resolution, which stands for them`] : []),
    ...problems,
  ]
  return [
    summarise(`failover_time${tags}`, times, 'ms', notes.join('; ')),
    { name: `failover_time_max${tags}`, value: Math.round(Math.max(...times) * 10) / 10, unit: 'ms', spread: null },
    summarise(`failed_probes${tags}`, measured.map(({ failed }) => failed), 'requests'),
    summarise(`slow_probes${tags}`, measured.map(({ slow }) => slow), 'requests'),
    summarise(`eligible_failed${tags}`, measured.map(({ eligibleFailed }) => eligibleFailed), 'requests'),
    { name: `not_recovered${tags}`, value: lost, unit: 'runs', spread: null },
  ]
}
