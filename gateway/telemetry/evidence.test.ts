// What is told is read back whole and in order, in lines that a container runtime leaves whole.

import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import type { AttemptRecord, GatewayEvent } from '../ports.ts'
import { openEvidence, parseEvidence } from './evidence.ts'

function told(play: (evidence: ReturnType<typeof openEvidence>, fire: () => void) => void): string[] {
  let text = ''
  const stream = new Writable({ write: (chunk: Buffer, _, done) => { text += chunk; done() } })
  const timers: (() => void)[] = []
  const scheduler = { after: (_: number, run: () => void) => { timers.push(run); return () => void timers.splice(timers.indexOf(run), 1) } }
  const evidence = openEvidence(stream, scheduler as Parameters<typeof openEvidence>[1])
  play(evidence, () => timers.splice(0).forEach((run) => run()))
  evidence.flush()
  return text.split('\n').slice(0, -1)
}
const attempt = (requestId: string): AttemptRecord => ({ requestId, attempt: 0 }) as AttemptRecord
const ready: GatewayEvent = { atUs: 1, kind: 'ready' }

test('attempts of a tenth of a second share a line, and an event follows what was before it', () => {
  const lines = told((evidence, fire) => {
    evidence.attempt(attempt('a'))
    evidence.attempt(attempt('b'))
    evidence.event(ready)
    evidence.attempt(attempt('c'))
    fire()
    evidence.attempt(attempt('d'))
  })
  expect(lines.map(parseEvidence)).toEqual([['attempts', [attempt('a'), attempt('b')]], ['event', ready], ['attempts', [attempt('c')]], ['attempts', [attempt('d')]]])
})

test('no line is longer than container runtimes carry, and none is lost', () => {
  const ids = Array.from({ length: 500 }, (_, number) => `${number}-${'x'.repeat(number)}`)
  const lines = told((evidence) => ids.forEach((id) => evidence.attempt(attempt(id))))
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(16_384)
  expect(lines.flatMap((line) => (parseEvidence(line) as ['attempts', AttemptRecord[]])[1].map(({ requestId }) => requestId))).toEqual(ids)
})

test.for(['listening', '["other",{}]', '["attempts",'])('a stray print is no evidence: %s', (line) => {
  expect(parseEvidence(line)).toBe(null)
})
