// Tries that a load of k6 goes to whoever was named to play it, and to a process of this machine otherwise.

import { describe, expect, it } from 'vitest'
import type { RequestRow } from '../../history.ts'
import type { LoadSpec } from '../../substrate.ts'
import type { K6Player } from './k6/k6.ts'
import { openLoads, type LoadsParts } from './loads.ts'

const load = (over: Partial<LoadSpec>): LoadSpec => ({ name: 'load', source: 'load', engine: 'k6', streams: [], fromUs: 0, toUs: 1e6, ...over })

function opened(over: Partial<LoadsParts>) {
  const told: string[] = []
  const rows: RequestRow[] = []
  const parts = {
    supervisor: { start: ({ name }: { name: string }) => told.push(`start ${name}`), ready: async () => {} },
    programs: { generator: 'generator.mjs' }, waysIn: {}, token: 'secret', k6: null, workDir: '/nowhere',
    journal: { note: ({ kind, text }: { kind: string; text: string }) => told.push(`${kind} ${text}`) },
    history: { request: (row: RequestRow) => rows.push(row) }, clock: { id: 'c', offsetUs: 0, uncertaintyUs: 3 },
    ...over,
  } as unknown as LoadsParts
  return { parts, told, rows, loads: openLoads(parts) }
}

const summary = { name: 'k6/load', scheduled: 1, sent: 1, dropped: 0, unfinished: 0, lagP99Us: 0 }
function playing(told: string[]): NonNullable<LoadsParts['player']> {
  return ({ name }, request): K6Player => ({
    prepare: async () => void told.push(`prepare ${name}`),
    begin(zeroUs) {
      told.push(`begin ${zeroUs}`)
      request({ id: 'a' } as RequestRow)
      return { offsetUs: 0, uncertaintyUs: 900 }
    },
    finish: async () => summary,
    close: () => void told.push('close'),
  })
}

describe('a load of k6', () => {
  it('goes to the player, with or without a k6 here', async () => {
    const told: string[] = []
    for (const k6 of [null, '/opt/k6']) {
      told.length = 0
      const { loads, parts, rows, told: noted } = opened({ player: playing(told), k6 })
      loads.add(load({}))
      await loads.prepare()
      loads.begin(7)
      await loads.finish(new AbortController().signal)
      loads.close()
      expect(told).toEqual(['prepare load', 'begin 7', 'close'])
      expect(noted).toEqual([`tool ${JSON.stringify(summary)}`])
      expect(rows).toEqual([{ id: 'a' }])
      expect(parts.clock.uncertaintyUs).toBe(900)
    }
  })

  it('is played by the open-loop generator where there is neither', async () => {
    const { loads, told } = opened({})
    loads.add(load({}))
    await loads.prepare()
    expect(told).toEqual(['start generator/load'])
  })

  it('is alone with the player: open-loop loads and probes stay here', async () => {
    const told: string[] = []
    const { loads, told: started } = opened({ player: playing(told) })
    for (const one of [load({}), load({ name: 'other', engine: 'open-loop' }), load({ name: 'probes', source: 'prober', engine: 'open-loop' })]) loads.add(one)
    await loads.prepare()
    expect([told, started.sort()]).toEqual([['prepare load'], ['start generator/load', 'start generator/prober']])
  })
})
