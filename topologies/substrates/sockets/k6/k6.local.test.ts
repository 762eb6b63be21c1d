// The gate, the tail and the wall clock: what surrounds k6 on this machine.

import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { request } from 'undici'
import { systemClock } from '../../../../gateway/runtime.ts'
import { openStartGate } from './gate.ts'
import { followFile } from './tail.ts'
import { measureWallOffset } from './wall-clock.ts'

it('the gate holds who has the token until it opens, and turns others away', async () => {
  const gate = await openStartGate('secret')
  try {
    expect((await request(gate.url)).statusCode).toBe(403)
    expect((await request(gate.url, { headers: { 'x-regatta-token': 'secret', host: 'evil.example' } })).statusCode).toBe(403)
    let answered = false
    const held = request(gate.url, { headers: { 'x-regatta-token': 'secret' } }).then(({ body }) => { answered = true; return body.json() })
    await gate.asked
    expect(answered).toBe(false)
    gate.open(1234.5)
    expect(await held).toEqual({ startMs: 1234.5 })
    expect(await (await request(gate.url, { headers: { 'x-regatta-token': 'secret' } })).body.json()).toEqual({ startMs: 1234.5 })
  } finally {
    gate.close()
  }
})

it('the tail gives each line once, whole, whatever pieces it was written in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-tail-'))
  const file = join(folder, 'console.log')
  const lines: string[] = []
  const tail = followFile(file, 60_000, (line) => lines.push(line))
  try {
    const text = Array.from({ length: 5000 }, (_, i) => `line ${i} grüße`).join('\n')
    for (let at = 0; at < text.length; at += 7919) {
      appendFileSync(file, text.slice(at, at + 7919))
      tail.drain()
    }
    expect(lines).toHaveLength(4999)
    tail.drain(true)
    tail.drain(true)
    expect(lines.join('\n')).toBe(text)
  } finally {
    tail.close()
    rmSync(folder, { recursive: true })
  }
})

it('the wall clock\'s offset agrees with a plain reading to its millisecond', () => {
  const { offsetUs, uncertaintyUs } = measureWallOffset()
  const beforeUs = systemClock.nowUs()
  const wallUs = Date.now() * 1000
  const afterUs = systemClock.nowUs()
  expect(wallUs).toBeGreaterThanOrEqual(beforeUs + offsetUs - uncertaintyUs - 1000)
  expect(wallUs).toBeLessThanOrEqual(afterUs + offsetUs + uncertaintyUs)
})
