// One entry of the fault proxy and what is in force on it: which toxic stands for which fault, and which
// streams are refused. Changes of one entry go one after another; entries do not wait for each other.

import type { Proxy, Toxic } from 'toxiproxy-node-client'
import { topologyError } from '../../../errors.ts'

export type Stream = 'upstream' | 'downstream'
export type CutMode = 'black-hole' | 'refuse'

export interface Entry {
  setDelay(stream: Stream, delayMs: number, jitterMs: number): Promise<void>
  throttle(stream: Stream, bytesPerSecond: number | null): Promise<void>
  cut(stream: Stream, mode: CutMode): Promise<void>
  uncut(stream: Stream, mode: CutMode): Promise<void>
  reset(): Promise<void>
}

type Attributes = Record<string, number>
type Kind = 'latency' | 'bandwidth' | 'timeout'

export function createEntry(proxy: Proxy): Entry {
  const toxics = new Map<string, Toxic<Attributes>>()
  const refused = new Set<Stream>()
  let last: Promise<unknown> = Promise.resolve()

  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const turn = last.then(change)
    last = turn.catch(() => {})
    return turn
  }
  const put = async (name: string, stream: Stream, type: Kind, attributes: Attributes): Promise<void> => {
    const body = { name: `${name}_${stream}`, stream, type, toxicity: 1, attributes }
    const existing = toxics.get(body.name)
    toxics.set(body.name, existing === undefined ? await proxy.addToxic(body) : await existing.update(body))
  }
  const take = async (name: string, stream: Stream): Promise<void> => {
    const key = `${name}_${stream}`
    await toxics.get(key)?.remove()
    toxics.delete(key)
  }
  const enable = async (enabled: boolean): Promise<void> => {
    const { listen, upstream } = proxy
    await proxy.update({ enabled, listen, upstream })
  }
  return {
    setDelay: (stream, delayMs, jitterMs) => inTurn(async () => {
      const latency = wholeMs(delayMs, stream)
      const jitter = Math.round(jitterMs)
      if (latency === 0 && jitter === 0 && !toxics.has(`delay_${stream}`)) return
      await put('delay', stream, 'latency', { latency, jitter })
    }),
    throttle: (stream, bytesPerSecond) => inTurn(async () => {
      if (bytesPerSecond === null) return take('throttle', stream)
      if (bytesPerSecond < 1000) {
        throw topologyError('RGT_UNSUPPORTED', `a link cannot be throttled to ${bytesPerSecond} bytes/s`, {
          expected: 'at least 1000 bytes/s: the proxy counts whole kilobytes a second',
          found: `${bytesPerSecond}`,
          hint: 'ask for 1000 bytes/s, or cut the link',
        })
      }
      await put('throttle', stream, 'bandwidth', { rate: Math.round(bytesPerSecond / 1000) })
    }),
    cut: (stream, mode) => inTurn(async () => {
      if (mode === 'black-hole') return put('cut', stream, 'timeout', { timeout: 0 })
      refused.add(stream)
      if (refused.size === 1) await enable(false)
    }),
    uncut: (stream, mode) => inTurn(async () => {
      if (mode === 'black-hole') return take('cut', stream)
      if (refused.delete(stream) && refused.size === 0) await enable(true)
    }),
    // A timeout toxic closes every connection that it meets when it is removed, while the listener stays open,
    // so whoever connects again at once is served. One stream is enough: closing one socket closes both.
    reset: () => inTurn(async () => {
      if (refused.size > 0) return
      await put('reset', 'downstream', 'timeout', { timeout: 0 })
      await take('reset', 'downstream')
    }),
  }
}

/** Toxiproxy takes whole milliseconds; half ones are rounded up one way and down the other, so a round trip keeps its length. */
function wholeMs(delayMs: number, stream: Stream): number {
  return stream === 'upstream' ? Math.floor(delayMs + 0.5) : Math.ceil(delayMs - 0.5)
}
