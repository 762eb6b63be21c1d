// Every configured (host, path) of a route table in one open-addressed table of integers. One walk over the request's
// path keeps a running hash; at each element boundary where some configured prefix ends, and at the end, one probe
// asks whether it is this one. The cost follows the length of the path, not the number of routes: a radix tree was
// three times slower at 10,000 routes than at one, because every level is a chain of cache misses. A hit is compared
// in full with host and path, so no request can collide its way to a route.
//
//   shop.test /api/v1/item/42     ─/api─ no prefix of that length ─/v1─ probe: hit ─/item─ … ─/42─ end: probe
//                                 candidates: exact at the end, then prefixes, longest first, then regular expressions

import { compareEntries, compareRegexEntries, holds, type MatchEntry } from './match-entry.ts'
import { testPattern } from './match-regex.ts'
import type { HeaderView } from './table.ts'

/** Entries that meet on one host and path, in order of precedence. */
interface Candidates { exact: MatchEntry[]; prefix: MatchEntry[] }

const slash = 47
/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
const hashStart = 0x811c9dc5 | 0
const hashPrime = 0x01000193

/** A record of the table: hash, position + 1 (0 = free), slot of the exact entry, slot of the prefix entry. */
const recordSize = 4
/** Instead of a slot: nothing there, or several or conditional ones, see `lists`. */
const noSlot = -1
const askList = -2

/** Prefixes met on the way (as offsets of records), the longest last. One walk runs at a time, so one stack serves all. */
let met = new Int32Array(64)

export class PathIndex {
  private table = new Int32Array(8 * recordSize)
  /** By position: host at 2 × position, path after it. A prefix is kept without slashes at its end. */
  private texts: string[] = []
  private lists: Candidates[] = []
  private regexes = new Map<string, MatchEntry[]>()
  /** How many prefixes have each length: where there are none, no probe is needed. */
  private prefixesOfLength = new Int32Array(8)
  private longest = -1
  /** Entries for exact hosts, wildcards, and every host: a level without any is skipped. */
  private levels = [0, 0, 0]
  private emptied = 0
  /** Lists that this draft may change in place; others belong to the index it came from. */
  private own = new Set<Candidates>()

  /** A copy to edit: a few memory copies, whatever changes. The index itself stays as it is. */
  draft(): PathIndex {
    const copy = new PathIndex()
    copy.regexes = new Map(this.regexes)
    copy.prefixesOfLength = this.prefixesOfLength.slice()
    copy.longest = this.longest
    copy.levels = [...this.levels]
    copy.texts = [...this.texts]
    copy.lists = [...this.lists]
    copy.table = this.table.slice()
    copy.emptied = this.emptied
    // Paths without entries stay behind so that removing costs little; once they are the most, they go.
    if (this.emptied * 2 > this.lists.length) copy.compact()
    return copy
  }

  /** No more edits. */
  seal(): this {
    this.own = new Set()
    return this
  }

  /** Slot of the most specific entry, or -1. `host` is tried whole, then its suffixes from the longest, then none. */
  find(host: string, path: string, query: string, method: string, headers: HeaderView): number {
    if (this.levels[0] > 0) {
      const slot = this.findAt(host, 0, path, query, method, headers)
      if (slot >= 0) return slot
    }
    if (this.levels[1] > 0) {
      for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        const slot = this.findAt(host, dot, path, query, method, headers)
        if (slot >= 0) return slot
      }
    }
    return this.levels[2] > 0 ? this.findAt(host, host.length, path, query, method, headers) : -1
  }

  /** The same for one host key: the part of `host` from `from` on. */
  private findAt(host: string, from: number, path: string, query: string, method: string, headers: HeaderView): number {
    const { length } = path
    const end = Math.min(length, this.longest)
    let hash = hashOn(hashStart, host, from)
    let depth = 0
    for (let at = 0; at < end; at++) {
      const character = path.charCodeAt(at)
      if (character === slash && this.prefixesOfLength[at] > 0) {
        const record = this.probe(hash, host, from, path, at)
        if (record >= 0) depth = push(record, depth)
      }
      hash = Math.imul(hash ^ character, hashPrime)
    }
    if (end === length || (end >= 0 && path.charCodeAt(end) === slash)) {
      const record = this.probe(hash, host, from, path, end)
      if (record >= 0) {
        const slot = end === length ? this.settle(record, 2, query, method, headers) : noSlot
        if (slot >= 0) return slot
        depth = push(record, depth)
      }
    }
    while (depth > 0) {
      const slot = this.settle(met[--depth], 3, query, method, headers)
      if (slot >= 0) return slot
    }
    return this.regexes.size === 0 ? noSlot : this.findRegex(host.slice(from), path, query, method, headers)
  }

  add(host: string, entry: MatchEntry): void {
    this.levels[levelOf(host)]++
    if (entry.pattern !== null) {
      this.regexes.set(host, inserted(this.regexes.get(host) ?? [], entry, compareRegexEntries))
      return
    }
    const key = keyOf(entry)
    const record = this.recordOf(host, key)
    const list = this.ownList(this.table[record + 1] - 1)
    if (list.exact.length === 0 && list.prefix.length === 0) this.emptied--
    if (entry.match.path.type === 'Exact') insert(list.exact, entry, compareEntries)
    else if (insert(list.prefix, entry, compareEntries) === 1) this.countPrefix(key.length, 1)
    this.longest = Math.max(this.longest, key.length)
    this.setSlots(record, list)
  }

  /** `longest` never shrinks before the next table: a bound that is too wide costs a little time, nothing else. */
  remove(host: string, entry: MatchEntry): void {
    this.levels[levelOf(host)]--
    if (entry.pattern !== null) {
      const left = this.regexes.get(host)!.filter((other) => other !== entry)
      if (left.length > 0) this.regexes.set(host, left)
      else this.regexes.delete(host)
      return
    }
    const key = keyOf(entry)
    const record = this.recordOf(host, key)
    const list = this.ownList(this.table[record + 1] - 1)
    const entries = entry.match.path.type === 'Exact' ? list.exact : list.prefix
    entries.splice(entries.indexOf(entry), 1)
    if (entries === list.prefix && entries.length === 0) this.countPrefix(key.length, -1)
    if (list.exact.length === 0 && list.prefix.length === 0) this.emptied++
    this.setSlots(record, list)
  }

  /** The answer of one record: field 2 exact, 3 prefix. */
  private settle(record: number, field: 2 | 3, query: string, method: string, headers: HeaderView): number {
    const slot = this.table[record + field]
    if (slot !== askList) return slot
    const list = this.lists[this.table[record + 1] - 1]
    return firstThatHolds(field === 2 ? list.exact : list.prefix, query, method, headers)
  }

  private findRegex(host: string, path: string, query: string, method: string, headers: HeaderView): number {
    for (const entry of this.regexes.get(host) ?? []) {
      if (testPattern(entry.pattern!, path) && holds(entry, query, method, headers)) return entry.slot
    }
    return noSlot
  }

  /** Offset of the record of (host from `from`, first `length` characters of path), or -1. */
  private probe(hash: number, host: string, from: number, path: string, length: number): number {
    const { table } = this
    const mask = table.length - 1
    for (let record = placeOf(hash, mask); ; record = (record + recordSize) & mask) {
      const position = table[record + 1] - 1
      if (position < 0) return -1
      if (table[record] !== hash) continue
      const key = this.texts[2 * position + 1]
      if (key.length !== length || !path.startsWith(key)) continue
      const known = this.texts[2 * position]
      if (from === 0 ? known === host : known.length === host.length - from && host.endsWith(known)) return record
    }
  }

  /** Offset of the record of a host and path, made when there is none. */
  private recordOf(host: string, key: string): number {
    const hash = hashOn(hashOn(hashStart, host, 0), key, 0)
    const found = this.probe(hash, host, 0, key, key.length)
    if (found >= 0) return found
    this.texts.push(host, key)
    this.lists.push({ exact: [], prefix: [] })
    this.own.add(this.lists[this.lists.length - 1])
    this.emptied++
    if (this.lists.length * recordSize * 1.5 > this.table.length) this.rehash()
    else this.place(hash, this.lists.length - 1)
    return this.probe(hash, host, 0, key, key.length)
  }

  private ownList(position: number): Candidates {
    const list = this.lists[position]
    if (this.own.has(list)) return list
    const copy = { exact: [...list.exact], prefix: [...list.prefix] }
    this.own.add(copy)
    return (this.lists[position] = copy)
  }

  private place(hash: number, position: number): void {
    const mask = this.table.length - 1
    let record = placeOf(hash, mask)
    while (this.table[record + 1] !== 0) record = (record + recordSize) & mask
    this.table[record] = hash
    this.table[record + 1] = position + 1
    this.setSlots(record, this.lists[position])
  }

  private setSlots(record: number, list: Candidates): void {
    this.table[record + 2] = plainSlot(list.exact)
    this.table[record + 3] = plainSlot(list.prefix)
  }

  private compact(): void {
    const used = this.lists.flatMap(({ exact, prefix }, position) => (exact.length > 0 || prefix.length > 0 ? [position] : []))
    this.texts = used.flatMap((position) => [this.texts[2 * position], this.texts[2 * position + 1]])
    this.lists = used.map((position) => this.lists[position])
    this.emptied = 0
    this.longest = this.texts.reduce((longest, text, index) => (index % 2 === 1 ? Math.max(longest, text.length) : longest), -1)
    this.rehash()
  }

  private rehash(): void {
    this.table = new Int32Array(recordSize * Math.max(8, 2 ** Math.ceil(Math.log2(this.lists.length * 2 + 1))))
    for (let position = 0; position < this.lists.length; position++) {
      this.place(hashOn(hashOn(hashStart, this.texts[2 * position], 0), this.texts[2 * position + 1], 0), position)
    }
  }

  private countPrefix(length: number, change: 1 | -1): void {
    if (length >= this.prefixesOfLength.length) {
      const longer = new Int32Array(length * 2)
      longer.set(this.prefixesOfLength)
      this.prefixesOfLength = longer
    }
    this.prefixesOfLength[length] += change
  }
}

function levelOf(host: string): 0 | 1 | 2 {
  return host === '' ? 2 : host.startsWith('.') ? 1 : 0
}

function push(record: number, depth: number): number {
  if (depth === met.length) {
    const longer = new Int32Array(depth * 2)
    longer.set(met)
    met = longer
  }
  met[depth] = record
  return depth + 1
}

function firstThatHolds(entries: readonly MatchEntry[], query: string, method: string, headers: HeaderView): number {
  for (let i = 0; i < entries.length; i++) {
    if (holds(entries[i], query, method, headers)) return entries[i].slot
  }
  return noSlot
}

/** The usual answer without a look at the list: one entry goes first and asks for nothing but the path. */
function plainSlot(entries: readonly MatchEntry[]): number {
  return entries.length === 0 ? noSlot : entries[0].plain ? entries[0].slot : askList
}

/** A prefix is compared by whole elements, so a slash at its end says nothing: `/foo/` is `/foo`, `/` is empty. */
function keyOf({ match: { path } }: MatchEntry): string {
  return path.type === 'PathPrefix' ? path.value.replace(/\/+$/, '') : path.value
}

function hashOn(start: number, text: string, from: number): number {
  let hash = start
  for (let at = from; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), hashPrime)
  return hash
}

/** FNV's low bits follow the last character closely: fold the high ones in. `mask` covers the whole table. */
function placeOf(hash: number, mask: number): number {
  return ((hash ^ (hash >>> 15)) * recordSize) & mask
}

/** In its place by halving: thousands of entries may meet on one path. Returns the new length. */
function insert(entries: MatchEntry[], entry: MatchEntry, compare: (a: MatchEntry, b: MatchEntry) => number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(entries[middle], entry) <= 0) low = middle + 1
    else high = middle
  }
  entries.splice(low, 0, entry)
  return entries.length
}

function inserted(entries: readonly MatchEntry[], entry: MatchEntry, compare: (a: MatchEntry, b: MatchEntry) => number): MatchEntry[] {
  const copy = [...entries]
  insert(copy, entry, compare)
  return copy
}
