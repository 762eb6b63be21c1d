// A resolved scenario as a file that a person reads and `regatta run` plays: what a search found, ready to be looked
// into, kept as a regression test, or run on real sockets.

import { dirname, isAbsolute, relative } from 'node:path'
import { Document, isCollection, visit } from 'yaml'
import { z } from 'zod'
import { formatDuration } from '../../gateway/config/duration.ts'
import { faultOf } from '../faults/index.ts'
import type { ChangeBlock, FaultBlock, LoadBlock, Scenario } from '../scenario.ts'

export interface ScenarioText {
  name: string
  description: string
  /** Lines above the document. */
  comment: string
  /** Where the file will lie: paths in it are relative to that. */
  file: string
}

/** YAML that resolves to the same scenario, apart from name, description and what only says which tools to take. */
export function writeScenario(scenario: Scenario, { name, description, comment, file }: ScenarioText): string {
  const document = new Document({
    apiVersion: 'regatta.dev/v1alpha1',
    kind: 'Scenario',
    metadata: { name, description },
    spec: specOf(scenario, dirname(file)),
  })
  document.commentBefore = comment.split('\n').map((line) => (line === '' ? '' : ` ${line}`)).join('\n')
  onOneLine(document)
  return document.toString({ lineWidth: 0 })
}

function specOf(scenario: Scenario, folder: string): object {
  const { entry, config, loads, prober, timeline, steadyState, method, changes = [], thresholds, options, simulation, tracing, blocks } = scenario
  const time = (us: number): string => formatDuration(us)
  return {
    topology: isAbsolute(scenario.topology) ? pathFrom(folder, scenario.topology) : scenario.topology,
    ...(entry === null ? {} : { entry }),
    ...(config.length === 0 ? {} : { config }),
    load: loads.map(loadOf),
    prober: {
      ...(prober.groups === null ? {} : { groups: prober.groups }),
      interval: time(prober.intervalMs * 1000), template: prober.template, timeout: time(prober.timeoutMs * 1000),
      ...(prober.witnessIntervalMs === undefined ? {} : { witness: time(prober.witnessIntervalMs * 1000) }),
    },
    phases: {
      warmup: time(timeline.warmupUs), steady: time(timeline.steadyUs), fault: time(timeline.faultUs),
      healing: time(timeline.healingUs), recovered: time(timeline.recoveredUs),
    },
    ...(Object.keys(steadyState).length === 0 ? {} : { steadyState: { thresholds: steadyState } }),
    method: [...method.map(faultBlockOf), ...changes.map(changeOf)],
    ...(tracing === undefined ? {} : { tracing }),
    ...(blocks === undefined ? {} : {
      blocks: {
        rounds: blocks.rounds, length: time(blocks.lengthUs), settle: time(blocks.settleUs), variants: blocks.variants,
        ...(blocks.lead === undefined ? {} : { lead: { variant: blocks.lead.variant, length: time(blocks.lead.lengthUs) } }),
      },
    }),
    thresholds,
    ...(options.collectGarbageEveryMs === 0 ? {} : { options: { collectGarbageEvery: time(options.collectGarbageEveryMs * 1000) } }),
    ...(simulation === undefined ? {} : { simulation }),
  }
}

function loadOf({ name, kind, ratePerSecond, arrivals, groups, timeoutMs, season, suite, mix }: LoadBlock): object {
  return {
    name, kind, rate: ratePerSecond, arrivals,
    ...(groups === null ? {} : { groups }),
    timeout: formatDuration(timeoutMs * 1000),
    ...(season === undefined ? {} : { season: { period: formatDuration(season.periodUs), swing: season.swing } }),
    ...(suite === null ? {} : { suite }),
    mix: mix.map(({ headers, bodyBytes, ...template }) => ({
      ...template, ...(Object.keys(headers).length === 0 ? {} : { headers }), ...(bodyBytes === 0 ? {} : { bodyBytes }),
    })),
  }
}

function faultBlockOf({ kind, name, atUs, forUs, parameters }: FaultBlock): object {
  return { fault: kind, name, at: formatDuration(atUs), for: formatDuration(forUs), ...written(kind, parameters) }
}

/** Parameters hold durations as microseconds; in the file each is text. */
function written(kind: string, parameters: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} } = z.toJSONSchema(faultOf(kind)!.parameters, { io: 'input' })
  const isText = (name: string): boolean => (properties[name] as { type?: string } | undefined)?.type === 'string'
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) =>
    [name, typeof value === 'number' && isText(name) ? formatDuration(value) : value]))
}

function changeOf({ name, kind, atUs, count, ratePerSecond, distinct, document }: ChangeBlock): object {
  return { change: kind, name, at: formatDuration(atUs), count, rate: ratePerSecond, distinct, document }
}

function pathFrom(folder: string, path: string): string {
  const there = relative(folder, path).replaceAll('\\', '/')
  return there.startsWith('.') ? there : `./${there}`
}

/** Faults and request templates are read as a table: one a line. */
function onOneLine(document: Document): void {
  visit(document, {
    Pair(_, { key, value }) {
      const name = String(key)
      if ((name === 'mix' || name === 'method') && isCollection(value)) {
        value.items.forEach((item) => {
          // A change carries a document, which would be unreadable on a line.
          if (isCollection(item) && !item.has('document')) item.flow = true
        })
      } else if ((name === 'phases' || name === 'simulation') && isCollection(value)) {
        value.flow = true
      }
    },
  })
}
