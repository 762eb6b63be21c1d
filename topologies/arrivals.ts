// When each request of a load is due, what it asks for, and what it is called. Randomness is counter-based
// (a hash of seed and index), so arrival i never depends on who asked for which arrival before: the generator,
// k6 and the simulation play the same schedule, and a replay needs the load only.

import { atSeasonClock, seasonClock, type Season } from './season.ts'
import type { Entry } from './topology.ts'
import type { LoadSpec, RequestTemplate, StreamSpec } from './substrate.ts'

const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])
/** Bodies up to this size are buffered by gateways and so may be sent again (verdict rules). */
export const eligibleBodyBytes = 65_536

/** Uniform in [0, 1), 32 bits: the finaliser of MurmurHash3 (Appleby, public domain) over seed and counter. */
export function uniformAt(seed: number, index: number, lane: number): number {
  let hash = mix(seed ^ 0x9e3779b9)
  hash = mix(hash ^ Math.imul(index + 1, 0x85ebca6b))
  hash = mix(hash ^ Math.imul(lane + 1, 0xc2b2ae35))
  return (hash >>> 0) / 4_294_967_296
}

function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** A seed for one part of a plan, so that parts never share a stream of randomness (FNV-1a over the name). */
export function deriveSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ mix(seed)
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return mix(hash) >>> 0
}

/** One arrival, for those who want it as a value; hot paths use the cursor. */
export interface Arrival {
  index: number
  /** Microseconds from the run's zero. */
  atUs: number
  /** Index into the stream's templates. */
  template: number
  id: string
}

/**
 * Walks one stream's arrivals in order without allocating. Before the first `next()` it stands before the
 * first arrival; when `next()` gives false there are no more before the load's `toUs`.
 * Constant: arrival i is due at fromUs + phaseUs + i / rate. Poisson: the first at fromUs + phaseUs, then
 * exponential gaps by inversion, -ln(1 - u) / rate. With a season, both by the season's clock (season.ts), which
 * counts from the run's zero: streams of one season rise and fall together.
 */
export class ArrivalCursor {
  readonly stream: StreamSpec
  index = -1
  atUs = 0
  template = 0
  /** By the clock of the season; the run's own where there is none. */
  #exactUs: number
  readonly #firstUs: number
  readonly #toUs: number
  readonly #gapUs: number
  readonly #season: Season | undefined
  readonly #shares: Shares

  constructor(load: Pick<LoadSpec, 'fromUs' | 'toUs'>, stream: StreamSpec) {
    this.stream = stream
    const firstUs = load.fromUs + stream.phaseUs
    this.#season = stream.season
    this.#firstUs = stream.season === undefined ? firstUs : seasonClock(stream.season, firstUs)
    this.#exactUs = this.#firstUs
    this.#toUs = load.toUs
    this.#gapUs = stream.ratePerSecond > 0 ? 1_000_000 / stream.ratePerSecond : Infinity
    this.#shares = sharesOf(stream.templates)
  }

  next(): boolean {
    const index = this.index + 1
    const exactUs = index === 0
      ? (this.#gapUs === Infinity ? Infinity : this.#firstUs)
      : this.stream.arrivals === 'constant'
        ? this.#firstUs + index * this.#gapUs
        : this.#exactUs - Math.log(1 - uniformAt(this.stream.seed, index, 0)) * this.#gapUs
    const atUs = Math.round(this.#season === undefined || exactUs === Infinity ? exactUs : atSeasonClock(this.#season, exactUs))
    if (!(atUs < this.#toUs)) return false
    this.index = index
    this.#exactUs = exactUs
    this.atUs = atUs
    this.template = pick(this.#shares, this.stream.seed, index)
    return true
  }
}

/** Index of the template that arrival `index` of a stream uses. */
export function templateAt(stream: Pick<StreamSpec, 'seed' | 'templates'>, index: number): number {
  return pick(sharesOf(stream.templates), stream.seed, index)
}

/** Ascending shares of a list of templates, and where to begin to look: `guide[k]` is the first share above k / length. */
interface Shares { cumulative: Float64Array; guide: Int32Array }

function pick({ cumulative, guide }: Shares, seed: number, index: number): number {
  if (cumulative.length < 2) return 0
  const u = uniformAt(seed, index, 1)
  let at = guide[(u * guide.length) | 0]
  while (at < cumulative.length - 1 && u >= cumulative[at]) at++
  return at
}

/** Index of the first of ascending shares that is above `u`, or the last: there may be thousands. */
export function firstAbove(shares: Float64Array, u: number): number {
  let low = 0
  let high = shares.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (u >= shares[middle]) low = middle + 1
    else high = middle
  }
  return low
}

/** Streams of one load share their list of templates, and so its shares. */
const known = new WeakMap<readonly RequestTemplate[], Shares>()

function sharesOf(templates: readonly RequestTemplate[]): Shares {
  let shares = known.get(templates)
  if (shares === undefined) {
    const total = templates.reduce((sum, template) => sum + template.weight, 0)
    let sum = 0
    const cumulative = Float64Array.from(templates, (template) => (sum += template.weight) / total)
    shares = { cumulative, guide: Int32Array.from(cumulative, (_, at) => firstAbove(cumulative, at / cumulative.length)) }
    // Only a list that cannot change keeps them.
    if (Object.isFrozen(templates)) known.set(templates, shares)
  }
  return shares
}

/** Every arrival of one stream, as values. For plans and tests; it allocates. */
export function* arrivalsOf(load: LoadSpec, streamIndex: number): Generator<Arrival> {
  const label = streamLabel(load, streamIndex)
  const cursor = new ArrivalCursor(load, load.streams[streamIndex])
  while (cursor.next()) {
    yield { index: cursor.index, atUs: cursor.atUs, template: cursor.template, id: requestId(label, cursor.index) }
  }
}

export function countArrivals(load: LoadSpec, streamIndex: number): number {
  const cursor = new ArrivalCursor(load, load.streams[streamIndex])
  while (cursor.next());
  return cursor.index + 1
}

/** Names a stream within its load: `load-europe`, `paths-europe-us-east` when pinned, and `…-s4` when that is taken. */
export function streamLabel(load: Pick<LoadSpec, 'name' | 'streams'>, streamIndex: number): string {
  const plain = ({ group, pinned }: StreamSpec): string => (pinned === null ? group : `${group}-${pinned}`)
  const own = plain(load.streams[streamIndex])
  const taken = load.streams.some((other, at) => at !== streamIndex && plain(other) === own)
  return taken ? `${load.name}-${own}-s${streamIndex}` : `${load.name}-${own}`
}

/** `load-europe-000123`: unique in a run as long as names of loads are. */
export function requestId(label: string, index: number): string {
  return `${label}-${String(index).padStart(6, '0')}`
}

/** May it be sent again without harm, and did it enter where something can send it again? Pinned requests never count. */
export function isEligible(method: string, bodyBytes: number, entry: Entry['kind'], pinned: string | null): boolean {
  return pinned === null && entry !== 'direct' && bodyBytes <= eligibleBodyBytes && idempotentMethods.has(method)
}
