// The lines that suites print (see scenarios/suites/lib/regatta.ts) as rows of the history. k6 stamps wall
// time in whole milliseconds; durations are finer.

import { arrivalsOf, isEligible, streamLabel } from '../../../arrivals.ts'
import type { RequestOutcome, RequestRow } from '../../../history.ts'
import type { LoadSpec, StreamSpec } from '../../../substrate.ts'
import type { GroupEntries } from '../generator/bootstrap.ts'
import { wayInOf } from '../generator/entries.ts'
import { decisionNsOf, outcomeOfResponse, sampledOf } from '../generator/outcome.ts'

const columns = 18

export interface RowReader {
  /**
   * The row that a console line stands for; null for other lines (a suite may print what it likes) and for rows that
   * were read before. `aheadUs`: how far the clock of whoever printed it is ahead of this machine's; several k6 may
   * share one load.
   */
  read(line: string, aheadUs?: number): RequestRow | null
  /** The suite said that it plays the plan arrival by arrival. */
  readonly exact: boolean
  /** Of an exact suite: a 'lost' row for each arrival that had none. Empty for others, whose arrivals are their own. */
  missing(): RequestRow[]
}

interface KnownStream { stream: StreamSpec; entry: RequestRow['entry']; gateway: string }

/** `offsetUs`: wall time of the run's zero, microseconds since the epoch. */
export function openRowReader(load: LoadSpec, entries: Record<string, GroupEntries>, offsetUs: number): RowReader {
  const streams = new Map(load.streams.map((stream, at): [string, KnownStream] => {
    const { kind, addresses } = wayInOf(stream, entries)
    return [streamLabel(load, at), { stream, entry: kind, gateway: addresses.length === 1 ? addresses[0].gateway ?? '' : '' }]
  }))
  const seen = new Set<string>()
  let exact = false
  return {
    get exact() {
      return exact
    },
    read(line, aheadUs = 0) {
      if (line === 'exact') exact = true
      const fields = line.split('\t')
      const known = fields[0] === 'row' && fields.length === columns ? streams.get(fields[1]) : undefined
      if (known === undefined || seen.has(fields[2])) return null
      seen.add(fields[2])
      return rowOf(fields, load, known, offsetUs + aheadUs)
    },
    missing: () => (exact ? load.streams.flatMap((_, at) => lostRows(load, at, streams.get(streamLabel(load, at))!.entry, seen)) : []),
  }
}

function rowOf(fields: string[], { source, fromUs }: LoadSpec, { stream, entry, gateway }: KnownStream, offsetUs: number): RequestRow {
  const [, , id, route, method, bodyBytes, scheduledMs, startMs, durationUs, status, errorCode, bytes, attempts, timing, region, named, reason, trace] = fields
  // k6 rounds a scenario's start down to the millisecond; nothing was due before the load began.
  const scheduledUs = Math.max(fromUs, Math.round(Number(scheduledMs) * 1000 - offsetUs))
  return {
    id, source, scheduledUs,
    // Whole milliseconds, rounded down: never before the schedule.
    startUs: Math.max(scheduledUs, Math.round(Number(startMs) * 1000 - offsetUs)),
    durationUs: Number(durationUs),
    group: stream.group, entry, route, protocol: 'http1', method,
    gateway: named || (Number(status) > 0 ? gateway : ''), region, pinned: stream.pinned ?? '', status: Number(status),
    outcome: outcomeOfK6(Number(status), Number(errorCode), reason), attempts: Number(attempts) || 0, decisionNs: decisionNsOf(timing),
    eligible: isEligible(method, Number(bodyBytes), entry, stream.pinned), sampled: sampledOf(trace),
    // k6 drops bodies unread into a sink; the header says how much there was (nothing when it came in chunks).
    bytes: Number(bytes) || 0,
  }
}

/**
 * k6's error codes (httpext/error_codes.go): 1050 request timeout, 1211 dial timeout, 1212 refused, 1201 broken
 * pipe, 1220 reset; 1400 to 1599 only repeat the status; any other ended the connection without an answer.
 */
export function outcomeOfK6(status: number, errorCode: number, reason: string): RequestOutcome {
  switch (errorCode) {
    case 1050:
    case 1211:
      return 'timeout'
    case 1212:
      return 'refused'
    case 1201:
    case 1220:
      return 'reset'
  }
  const onlyStatus = errorCode === 0 || (errorCode >= 1400 && errorCode < 1600)
  return onlyStatus && status > 0 ? outcomeOfResponse(status, reason) : 'closed'
}

function lostRows(load: LoadSpec, streamIndex: number, entry: RequestRow['entry'], seen: ReadonlySet<string>): RequestRow[] {
  const stream = load.streams[streamIndex]
  const rows: RequestRow[] = []
  for (const { id, atUs, template } of arrivalsOf(load, streamIndex)) {
    if (seen.has(id)) continue
    const { name, method, bodyBytes } = stream.templates[template]
    rows.push({
      id, source: load.source, scheduledUs: atUs, startUs: atUs, durationUs: 0, group: stream.group, entry, route: name, protocol: 'http1', method,
      gateway: '', region: '', pinned: stream.pinned ?? '', status: 0, outcome: 'lost', attempts: 0, decisionNs: 0,
      eligible: isEligible(method, bodyBytes, entry, stream.pinned), sampled: false, bytes: 0,
    })
  }
  return rows
}
