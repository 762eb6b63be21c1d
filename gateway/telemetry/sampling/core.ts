// The core of sampling in one gateway: keys and the policies that they belong to, one plan of all rates about four times a
// second. Between plans a request adds to a row of numbers and reads a threshold.

import type { RouteSampling } from '../../snapshot/snapshot.ts'
import { tripped } from './adaptive.ts'
import { Anomaly } from './anomaly.ts'
import { At, newRow, setRate, spansPerTrace, type Row, type SamplingGroup } from './rate.ts'
import { samplers } from './registry.ts'
import type { KeyRate, RateChange, SamplingCore, SamplingKey } from './sampler.ts'
import { thresholdRange } from './sampler.ts'

/** A plan is made when so much has passed since the last: four a second, also when whoever calls is a little early. */
const planUs = 200_000
/** A rate that moved by more than this share is told. */
const told = 0.1
const keptS = 1

interface Entry {
  key: SamplingKey
  row: Row
  group: SamplingGroup
  settings: RouteSampling
  anomaly: Anomaly | null
}

/** `maxKeys`: those beyond it share one key a policy, called `*`; 512 when left out. */
export function createSamplingCore({ maxKeys = 512 }: { maxKeys?: number } = {}): SamplingCore {
  return new Core(maxKeys)
}

class Core implements SamplingCore {
  changes: readonly RateChange[] = []
  readonly #maxKeys: number
  readonly #entries: (Entry | null)[] = []
  readonly #numbers = new Map<string, number>()
  readonly #groups = new Map<string, SamplingGroup>()
  #shared = 0
  #plannedUs = Number.NaN

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys
  }

  key(wanted: SamplingKey, settings: RouteSampling): number {
    const own = nameOf(wanted)
    const isShared = !this.#numbers.has(own) && this.#numbers.size - this.#shared >= this.#maxKeys
    const key = isShared ? { tenant: '*', route: '*', protocol: '*' } : wanted
    const name = isShared ? `* ${settings.policy}` : own
    const held = this.#numbers.get(name)
    if (held !== undefined) {
      this.#settle(this.#entries[held] as Entry, settings)
      return held
    }
    const free = this.#entries.indexOf(null)
    const number = free === -1 ? this.#entries.length : free
    const entry: Entry = {
      key: { ...key }, row: newRow(), group: this.#group(settings), settings, anomaly: settings.anomaly === null ? null : new Anomaly(),
    }
    this.#entries[number] = entry
    this.#numbers.set(name, number)
    if (isShared) this.#shared++
    join(entry)
    return number
  }

  keep(keys: ReadonlySet<number>): void {
    for (const [name, number] of this.#numbers) {
      if (keys.has(number)) continue
      this.#leave(this.#entries[number] as Entry)
      this.#entries[number] = null
      this.#numbers.delete(name)
      if (name.startsWith('* ')) this.#shared--
    }
  }

  head(key: number, nowUs: number): number {
    const entry = this.#entries[key]
    if (entry === null || entry === undefined) return thresholdRange
    const { row } = entry
    if (++row[At.QuarterArrivals] > row[At.Trip]) this.#burst(entry, nowUs)
    row[At.QuarterCalm] += row[At.Calm]
    row[At.QuarterKept] += row[At.Probability]
    return row[At.Threshold]
  }

  calm(key: number): number {
    return this.#entries[key]?.row[At.CalmThreshold] ?? thresholdRange
  }

  finished(key: number, spans: number, durationUs: number, failed: boolean, _nowUs: number): void {
    const entry = this.#entries[key]
    if (entry === null || entry === undefined) return
    if (spans > 0) {
      entry.row[At.QuarterSpans] += spans
      entry.row[At.QuarterTraced]++
    }
    if (entry.anomaly !== null) entry.anomaly.finished(durationUs, failed)
  }

  tick(nowUs: number): void {
    this.changes = []
    if (Number.isNaN(this.#plannedUs)) this.#plannedUs = nowUs
    if (nowUs - this.#plannedUs < planUs) return
    const seconds = (nowUs - this.#plannedUs) / 1e6
    this.#plannedUs = nowUs
    for (const group of this.#groups.values()) samplers[group.sampler.kind].plan(group, seconds)
    const changes: RateChange[] = []
    for (const entry of this.#entries) {
      if (entry === null) continue
      const change = this.#move(entry, seconds, nowUs)
      if (change !== null) changes.push(change)
    }
    this.changes = changes
  }

  rates(): readonly KeyRate[] {
    return this.#entries.filter((entry) => entry !== null).map(({ key, row, group, anomaly }) => ({
      key,
      policy: group.policy,
      probability: row[At.Probability],
      spansPerSecond: row[At.KeptRate],
      budget: group.sampler.kind === 'adaptive' ? group.sampler.spansPerSecond : null,
      raised: anomaly !== null && anomaly.state !== 'calm',
    }))
  }

  #group(settings: RouteSampling): SamplingGroup {
    let group = this.#groups.get(settings.policy)
    if (group === undefined) this.#groups.set(settings.policy, (group = { policy: settings.policy, sampler: settings.sampler, rows: [], balance: 0 }))
    return group
  }

  /** Settings of a key that is known: what was learned stays. */
  #settle(entry: Entry, settings: RouteSampling): void {
    if (entry.settings === settings) return
    entry.settings = settings
    if (settings.anomaly === null) entry.anomaly = null
    else entry.anomaly ??= new Anomaly()
    const group = this.#group(settings)
    if (!isSame(group.sampler, settings.sampler)) {
      group.sampler = settings.sampler
      group.balance = 0
      for (const row of group.rows) begin(row, group)
    }
    if (group === entry.group) return
    this.#leave(entry)
    entry.group = group
    join(entry)
  }

  #leave({ group, row }: Entry): void {
    group.rows.splice(group.rows.indexOf(row), 1)
    if (group.rows.length === 0) this.#groups.delete(group.policy)
  }

  #burst({ group, row }: Entry, nowUs: number): void {
    if (group.sampler.kind === 'adaptive' && !Number.isNaN(this.#plannedUs)) tripped(row, (nowUs - this.#plannedUs) / 1e6, group.sampler.burst)
  }

  #move(entry: Entry, seconds: number, nowUs: number): RateChange | null {
    const { row, anomaly, settings } = entry
    const before = anomaly?.state ?? 'calm'
    if (anomaly !== null && settings.anomaly !== null) anomaly.passed(seconds, row[At.QuarterArrivals], row[At.Calm], settings.anomaly, nowUs)
    setRate(row, row[At.Calm], anomaly?.factor ?? 1)
    row[At.KeptRate] += ((row[At.QuarterKept] * spansPerTrace(row)) / seconds - row[At.KeptRate]) * (1 - Math.exp(-seconds / keptS))
    row.fill(0, At.QuarterArrivals, At.QuarterTraced + 1)
    const state = anomaly?.state ?? 'calm'
    const cause = state === 'raised' ? 'anomaly' : state === 'decaying' ? 'decay' : before === 'calm' ? 'budget' : 'baseline'
    const probability = row[At.Probability]
    if (state === before && Math.abs(probability - row[At.Told]) <= told * row[At.Told]) return null
    row[At.Told] = probability
    return { key: entry.key, probability, cause, anomaly: state === 'raised' ? (anomaly?.kind ?? '') : '' }
  }
}

function join({ row, group }: Entry): void {
  group.rows.push(row)
  begin(row, group)
}

function begin(row: Row, group: SamplingGroup): void {
  row[At.Trip] = Number.POSITIVE_INFINITY
  setRate(row, samplers[group.sampler.kind].start(row, group), 1)
  row[At.Told] = row[At.Probability]
}

function nameOf({ tenant, route, protocol }: SamplingKey): string {
  return `${tenant}\n${route}\n${protocol}`
}

function isSame(a: RouteSampling['sampler'], b: RouteSampling['sampler']): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
