// What is in force on every link: the link's own latency and the primitives laid over it. Each change works
// out the sum anew, so overlapping faults heal in any order without taking each other away.

import type { Direction, Primitive } from '../../primitives.ts'
import type { PlaceRef } from '../../topology.ts'
import type { FaultProxy, FaultProxyEntry } from './faultproxy/index.ts'
import { openTurns } from './turns.ts'

/** One fault-proxy entry: connections opened at `from` towards `to`. */
export interface LinkEntry extends FaultProxyEntry {
  from: PlaceRef
  to: PlaceRef
  channel: 'data' | 'control'
  rttMs: number
}

export type LinkPrimitive = Extract<Primitive, { on: Direction[] }>
type Stream = 'upstream' | 'downstream'

interface StreamState { delayMs: number; jitterMs: number; bytesPerSecond: number | null; cut: 'black-hole' | 'refuse' | null }

export interface LinkBoard {
  /** The entries' own one-way delays. */
  lay(): Promise<void>
  /** `key` names this use of the primitive; healing takes the same key. */
  apply(key: string, primitive: LinkPrimitive): Promise<void>
  heal(key: string): Promise<void>
}

export function openLinkBoard(proxy: FaultProxy, entries: LinkEntry[]): LinkBoard {
  const inForce = new Map<string, LinkPrimitive>()
  const last = new Map<string, StreamState>()
  const turns = openTurns()

  const wanted = (entry: LinkEntry, stream: Stream): StreamState => {
    const state: StreamState = { delayMs: entry.rttMs / 2, jitterMs: 0, bytesPerSecond: null, cut: null }
    for (const primitive of inForce.values()) {
      if (!streamsOf(primitive.on, entry).includes(stream)) continue
      if (primitive.kind === 'delay') {
        state.delayMs += primitive.delayMs
        state.jitterMs = Math.max(state.jitterMs, primitive.jitterMs)
      } else if (primitive.kind === 'throttle') {
        state.bytesPerSecond = Math.min(state.bytesPerSecond ?? Infinity, primitive.bytesPerSecond)
      } else if (primitive.kind === 'cut') {
        state.cut = primitive.mode === 'refuse' || state.cut === 'refuse' ? 'refuse' : 'black-hole'
      }
    }
    return state
  }

  const settle = async (entry: LinkEntry, stream: Stream): Promise<void> => {
    const key = `${entry.name}/${stream}`
    const was = last.get(key)
    const now = wanted(entry, stream)
    last.set(key, now)
    if (was?.cut !== now.cut) {
      if (was?.cut) await proxy.uncut(entry.name, stream, was.cut)
      if (now.cut) await proxy.cut(entry.name, stream, now.cut)
    }
    if (was?.delayMs !== now.delayMs || was.jitterMs !== now.jitterMs) await proxy.setDelay(entry.name, stream, now.delayMs, now.jitterMs)
    if ((was?.bytesPerSecond ?? null) !== now.bytesPerSecond) await proxy.throttle(entry.name, stream, now.bytesPerSecond)
  }

  const settleAll = async (on: Direction[] | null): Promise<void> => {
    await Promise.all(entries.map((entry) => {
      const streams = on === null ? (['upstream', 'downstream'] as const) : streamsOf(on, entry)
      return streams.length === 0 ? null : turns.take(entry.name, async () => {
        for (const stream of streams) await settle(entry, stream)
      })
    }))
  }

  return {
    lay: () => settleAll(null),
    async apply(key, primitive) {
      if (primitive.kind === 'reset') {
        const hit = entries.filter((entry) => streamsOf(primitive.on, entry).length > 0)
        await Promise.all(hit.map(({ name }) => turns.take(name, () => proxy.reset(name))))
        return
      }
      inForce.set(key, primitive)
      await settleAll(primitive.on)
    },
    async heal(key) {
      const primitive = inForce.get(key)
      if (primitive === undefined) return
      inForce.delete(key)
      await settleAll(primitive.on)
    },
  }
}

/**
 * Streams of an entry that carry packets in one of the directions: `upstream` runs from the side that opened
 * the connection, `downstream` back to it.
 */
function streamsOf(on: Direction[], entry: LinkEntry): Stream[] {
  const streams: Stream[] = []
  if (on.some(({ from, to }) => from === entry.from && to === entry.to)) streams.push('upstream')
  if (on.some(({ from, to }) => from === entry.to && to === entry.from)) streams.push('downstream')
  return streams
}
