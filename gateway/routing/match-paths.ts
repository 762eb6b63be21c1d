// The routes of one host, found by path: one walk over the path keeps a running hash, and at each element boundary
// where some configured path ends, one probe into a table of integers asks whether it is this one. The cost depends
// on the path, not on the number of routes (a radix tree was three times slower at 10,000 routes than at one: every
// level is a chain of cache misses). A hit is compared in full, so no request can collide its way to a route.
//
//   /api/v1/item/42      hash ─/api─ no key of length 4, no probe ─/v1─ probe: hit ─/item─ … ─/42─ end: probe
//                        candidates: exact at the end, then prefixes from the longest, then regular expressions

import { compareEntries, compareRegexEntries, holds, type MatchEntry } from './match-entry.ts'
import { testPattern } from './match-regex.ts'
import type { HeaderView } from './table.ts'

/** All entries of one configured path. A prefix is kept without slashes at its end: `/` is the empty key. */
interface PathNode {
  key: string
  hash: number
  exact: MatchEntry[]
  prefix: MatchEntry[]
  /** Slot of the first entry when it asks for nothing but the path, else -1: the usual answer, without a look at the lists. */
  exactSlot: number
  prefixSlot: number
}

const slash = 47
/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
const hashStart = 0x811c9dc5 | 0
const hashPrime = 0x01000193

/** Prefixes met on the way, deepest last. One walk runs at a time, so one stack serves all hosts. */
const met: PathNode[] = []

export class PathIndex {
  private nodes: PathNode[] = []
  /** Open addressing: position of a node + 1, or 0. A power of two, at most half full. */
  private table = new Int32Array(8)
  /** How many nodes with prefixes have a key of each length: elsewhere no probe is needed. */
  private prefixesOfLength = new Int32Array(8)
  private longestPrefix = -1
  private longestExact = -1
  private regexes: MatchEntry[] = []
  private entries = 0
  /** Nodes made or copied by this draft; others belong to the index it came from and are copied first. */
  private own = new Set<PathNode>()

  get isEmpty(): boolean {
    return this.entries === 0
  }

  /** A copy to edit: a few memory copies, whatever the number of routes. */
  draft(): PathIndex {
    const copy = new PathIndex()
    // Emptied nodes stay behind so that removing costs little; once they are the most, the copy does without.
    const live = this.nodes.filter(isUsed)
    if (live.length * 2 < this.nodes.length) copy.reset(live)
    else {
      copy.nodes = [...this.nodes]
      copy.table = this.table.slice()
    }
    copy.prefixesOfLength = this.prefixesOfLength.slice()
    copy.longestPrefix = this.longestPrefix
    copy.longestExact = this.longestExact
    copy.regexes = [...this.regexes]
    copy.entries = this.entries
    return copy
  }

  /** No more edits. */
  seal(): void {
    this.own = new Set()
  }

  /** The slot of the most specific entry, or -1: exact, then the longest prefix, then regular expressions. */
  find(path: string, query: string, method: string, headers: HeaderView): number {
    const { length } = path
    const end = Math.min(length, Math.max(this.longestPrefix, this.longestExact))
    let depth = 0
    let hash = hashStart
    for (let at = 0; at < end; at++) {
      const character = path.charCodeAt(at)
      if (character === slash && this.prefixesOfLength[at] > 0) {
        const node = this.probe(hash, path, at)
        if (node !== null) met[depth++] = node
      }
      hash = Math.imul(hash ^ character, hashPrime)
    }
    if (end === length || path.charCodeAt(end) === slash) {
      const node = this.probe(hash, path, end)
      if (node !== null) {
        if (end === length && node.exact.length > 0) {
          const slot = node.exactSlot >= 0 ? node.exactSlot : firstThatHolds(node.exact, query, method, headers)
          if (slot >= 0) return slot
        }
        if (node.prefix.length > 0) met[depth++] = node
      }
    }
    while (depth > 0) {
      const node = met[--depth]
      const slot = node.prefixSlot >= 0 ? node.prefixSlot : firstThatHolds(node.prefix, query, method, headers)
      if (slot >= 0) return slot
    }
    return this.regexes.length === 0 ? -1 : this.findRegex(path, query, method, headers)
  }

  add(entry: MatchEntry): void {
    this.entries++
    if (entry.pattern !== null) {
      insert(this.regexes, entry, compareRegexEntries)
      return
    }
    const key = keyOf(entry)
    const node = this.ownNode(key)
    if (entry.match.path.type === 'Exact') {
      insert(node.exact, entry, compareEntries)
      node.exactSlot = plainSlot(node.exact)
      this.longestExact = Math.max(this.longestExact, key.length)
      return
    }
    if (node.prefix.length === 0) this.countPrefix(key.length, 1)
    insert(node.prefix, entry, compareEntries)
    node.prefixSlot = plainSlot(node.prefix)
    this.longestPrefix = Math.max(this.longestPrefix, key.length)
  }

  /** Lengths only ever shrink in a new index: a bound that is too wide costs a little time, not correctness. */
  remove(entry: MatchEntry): void {
    this.entries--
    if (entry.pattern !== null) {
      drop(this.regexes, entry)
      return
    }
    const key = keyOf(entry)
    const node = this.ownNode(key)
    if (entry.match.path.type === 'Exact') drop(node.exact, entry)
    else if (drop(node.prefix, entry) && node.prefix.length === 0) this.countPrefix(key.length, -1)
    node.exactSlot = plainSlot(node.exact)
    node.prefixSlot = plainSlot(node.prefix)
  }

  private findRegex(path: string, query: string, method: string, headers: HeaderView): number {
    for (let i = 0; i < this.regexes.length; i++) {
      const entry = this.regexes[i]
      if (testPattern(entry.pattern!, path) && holds(entry, query, method, headers)) return entry.slot
    }
    return -1
  }

  /** The node whose key is the path's first `length` characters. */
  private probe(hash: number, path: string, length: number): PathNode | null {
    const { table } = this
    const mask = table.length - 1
    for (let place = spread(hash) & mask; ; place = (place + 1) & mask) {
      const position = table[place]
      if (position === 0) return null
      const node = this.nodes[position - 1]
      if (node.hash === hash && node.key.length === length && path.startsWith(node.key)) return node
    }
  }

  private ownNode(key: string): PathNode {
    const hash = hashOf(key)
    const mask = this.table.length - 1
    for (let place = spread(hash) & mask; ; place = (place + 1) & mask) {
      const position = this.table[place]
      if (position === 0) return this.addNode({ key, hash, exact: [], prefix: [], exactSlot: -1, prefixSlot: -1 })
      const node = this.nodes[position - 1]
      if (node.key !== key) continue
      if (this.own.has(node)) return node
      const copy = { ...node, exact: [...node.exact], prefix: [...node.prefix] }
      this.own.add(copy)
      return (this.nodes[position - 1] = copy)
    }
  }

  private addNode(node: PathNode): PathNode {
    this.own.add(node)
    if ((this.nodes.length + 1) * 2 > this.table.length) this.reset([...this.nodes, node])
    else {
      this.nodes.push(node)
      this.place(node, this.nodes.length)
    }
    return node
  }

  private reset(nodes: PathNode[]): void {
    this.nodes = nodes
    this.table = new Int32Array(Math.max(8, 2 ** Math.ceil(Math.log2(nodes.length * 4 + 1))))
    nodes.forEach((node, index) => this.place(node, index + 1))
  }

  private place(node: PathNode, position: number): void {
    const mask = this.table.length - 1
    let place = spread(node.hash) & mask
    while (this.table[place] !== 0) place = (place + 1) & mask
    this.table[place] = position
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

function firstThatHolds(entries: readonly MatchEntry[], query: string, method: string, headers: HeaderView): number {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]
    if (entry.plain || holds(entry, query, method, headers)) return entry.slot
  }
  return -1
}

function plainSlot(entries: readonly MatchEntry[]): number {
  return entries.length > 0 && entries[0].plain ? entries[0].slot : -1
}

function isUsed({ exact, prefix }: PathNode): boolean {
  return exact.length > 0 || prefix.length > 0
}

/** A prefix is compared by whole elements, so a slash at its end says nothing: `/foo/` is `/foo`. */
function keyOf({ match: { path } }: MatchEntry): string {
  return path.type === 'PathPrefix' ? path.value.replace(/\/+$/, '') : path.value
}

function hashOf(key: string): number {
  let hash = hashStart
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), hashPrime)
  return hash
}

/** FNV's low bits follow the last character closely; fold the high ones in. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}

/** In its place by halving: thousands of entries may meet on one path. */
function insert(entries: MatchEntry[], entry: MatchEntry, compare: (a: MatchEntry, b: MatchEntry) => number): void {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(entries[middle], entry) <= 0) low = middle + 1
    else high = middle
  }
  entries.splice(low, 0, entry)
}

function drop(entries: MatchEntry[], entry: MatchEntry): boolean {
  const index = entries.indexOf(entry)
  if (index >= 0) entries.splice(index, 1)
  return index >= 0
}
