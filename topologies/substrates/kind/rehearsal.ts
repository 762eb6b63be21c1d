// A rehearsal before the drill: what will be asked is asked for some seconds, and nobody records it. A gateway that was
// born a minute ago spends its first seconds of load on compiling itself, which on a small machine looks like the drill's
// doing; one in service has done that long ago.

import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import type { LoadSpec, RequestTemplate, StreamSpec } from '../../substrate.ts'
import type { GroupEntries } from '../sockets/generator/bootstrap.ts'
import { wayInOf } from '../sockets/generator/entries.ts'

export interface Rehearsed { requests: number; failed: number }

export const rehearsalMs = 8_000
const patienceMs = 2_000
const tickMs = 50

/** Only what may be repeated, and what no way in is pinned for. At the rates of the streams. */
export async function rehearse(loads: readonly LoadSpec[], entries: Record<string, GroupEntries>, signal: AbortSignal, forMs = rehearsalMs): Promise<Rehearsed> {
  const agent = new Agent({ connections: 16, headersTimeout: patienceMs, bodyTimeout: patienceMs })
  const streams = loads.flatMap((load) => load.streams).filter(({ pinned }) => pinned === null)
  const done: Rehearsed = { requests: 0, failed: 0 }
  const under = new Set<Promise<void>>()
  const ask = async (stream: StreamSpec, { method, host, path, headers }: RequestTemplate): Promise<void> => {
    const { addresses: [{ host: address, port }] } = wayInOf(stream, entries)
    done.requests++
    try {
      const { statusCode, body } = await agent.request({ origin: `http://${address}:${port}`, method: method as 'GET', path, headers: { ...headers, host }, signal })
      await body.dump()
      if (statusCode >= 500) done.failed++
    } catch {
      done.failed++
    }
  }
  try {
    const owed = new Map(streams.map((stream) => [stream, 0]))
    for (let passedMs = 0; passedMs < forMs && !signal.aborted; passedMs += tickMs) {
      for (const stream of streams) {
        const calls = stream.templates.filter(({ method }) => method === 'GET' || method === 'HEAD')
        owed.set(stream, owed.get(stream)! + stream.ratePerSecond * tickMs / 1000)
        for (; owed.get(stream)! >= 1 && calls.length > 0; owed.set(stream, owed.get(stream)! - 1)) {
          const asking = ask(stream, calls[done.requests % calls.length])
          under.add(asking)
          void asking.then(() => under.delete(asking))
        }
      }
      await sleep(tickMs, undefined, { signal }).catch(() => {})
    }
    await Promise.all(under)
  } finally {
    await agent.destroy()
  }
  signal.throwIfAborted()
  return done
}
