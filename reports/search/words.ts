// What a search found in sentences and lines, the same in every form of its report.

import { formatCount } from '../../scenarios/judging/statistics.ts'
import { formatDuration } from '../../gateway/config/duration.ts'
import type { FaultBlock } from '../../scenarios/scenario.ts'
import type { Finding, SearchResult } from '../../scenarios/search/result.ts'
import { oneLine } from '../words.ts'

export function headlineOf({ runs, violations, ended, shards }: SearchResult): string {
  const part = shards.some(({ of }) => of > 1) ? ` in ${shards.map(({ index, of }) => `shard ${index}/${of}`).join(', ')}` : ''
  const how = { complete: '', found: ', and the search ended there', time: ', until time was up', interrupted: ', until it was interrupted' }[ended]
  if (violations.length === 0) return `No invariant was broken in ${formatCount(runs)} runs${part}${how}.`
  const names = violations.map(({ invariant, runs: broken }) => `${invariant} in ${formatCount(broken)}`).join(', ')
  return `Broken in ${formatCount(runs)} ${runs === 1 ? 'run' : 'runs'}${part}: ${names}${how}.`
}

/** How much was played, in what time. Shrinking takes its part of that, so a speed is told only where nothing was found. */
export function sizeOf({ requests, events, virtualUs, took, runs, findings }: SearchResult): string {
  const seconds = took.wallMs / 1000
  const speed = findings.length === 0 && seconds > 0 ? `, ${(runs / seconds).toFixed(1)} runs/s` : ''
  const rate = `; ${formatDuration(Math.max(1, Math.round(seconds)) * 1_000_000)} with ${took.workers} worker${took.workers === 1 ? '' : 's'}${speed}`
  return `${formatCount(requests)} requests and ${formatCount(events)} events in ${formatDuration(Math.round(virtualUs / 1e6) * 1_000_000)} of virtual time${rate}`
}

/** `regional-outage eu-west at 1s for 2s`. */
export function faultText({ kind, atUs, forUs, parameters }: FaultBlock): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`)
  return oneLine(`${kind} at ${formatDuration(atUs)} for ${formatDuration(forUs)} (${given.join('; ')})`)
}

export function shrunkText({ drawn, faults, replays, minimal, loadShare }: Finding): string {
  const load = loadShare === 1 ? '' : `, at ${Number((loadShare * 100).toPrecision(3))} % of the load`
  return `${drawn} faults shrunk to ${faults}${load} in ${formatCount(replays)} replays${minimal ? '' : ', not to the end'}`
}

/** `path`: where the file lies, as it is to be typed. */
export function replayCommand({ seed }: Finding, path: string): string {
  return `regatta run ${path} --on simulated --seed ${seed}`
}
