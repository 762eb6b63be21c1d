// What the data plane's side of exporting does for itself: bounds, counts, names that must not be lost, and its end.

import { describe, expect, it } from 'vitest'
import type { Scheduler } from '../../ports.ts'
import type { FromSender, ToSender } from './messages.ts'
import { openExporter, type ExporterOptions, type SenderThread } from './open-exporter.ts'
import { createSpanDecoder } from '../spans/codec.ts'
import { batchWriter, serverSpan } from './spans.case.ts'

function setUp(options: Partial<ExporterOptions> = {}) {
  const posted: ToSender[] = []
  const changes: (string | null)[] = []
  const late: (() => void)[] = []
  let listen = (_message: FromSender): void => {}
  let die = (_why: string): void => {}
  let started = 0
  const thread: SenderThread = {
    post: (message) => void posted.push(message),
    heard: (heard) => { listen = heard },
    died: (died) => { die = died },
    end: async () => die('it was ended'),
  }
  const scheduler = { after: (_ms: number, run: () => void) => (late.push(run), () => {}) } as unknown as Scheduler
  const exporter = openExporter({ protocol: 'grpc', host: '127.0.0.1', port: 1 }, {
    process: 'edge/frankfurt', region: null, changed: (problem) => changes.push(problem), scheduler, ...options,
  }, () => (started++, thread))
  const settle = (batch: { spans: number; bytes: number }, problem: string | null = null): void =>
    listen({ kind: 'settled', spans: batch.spans, batchOctets: batch.bytes, octets: 100, problem })
  return { exporter, posted, changes, late, settle, started: () => started, die: (why: string) => die(why), ended: () => listen({ kind: 'ended' }) }
}

describe('an exporter', () => {
  it('has its thread before there is anything to send', () => {
    const { exporter, started } = setUp()
    expect(started()).toBe(1)
    exporter.export(batchWriter()([serverSpan(1)]))
    exporter.export(batchWriter()([serverSpan(2)]))
    expect(started()).toBe(1)
  })

  it.each([['spans', { mostSpans: 3 }], ['octets', { mostOctets: 600 }]])('sheds what is beyond its bound of %s, and takes more when there is room again', (_bound, options) => {
    const { exporter, settle } = setUp(options)
    const write = batchWriter()
    const first = write([serverSpan(1), serverSpan(2)])
    const bytes = first.bytes.byteLength
    expect(exporter.export(first)).toBe(true)
    expect(exporter.export(write([serverSpan(3), serverSpan(4), serverSpan(5)]))).toBe(false)
    expect(exporter.counts).toMatchObject({ queued: 2, shed: 3, sent: 0 })
    settle({ spans: 2, bytes })
    expect(exporter.export(write([serverSpan(6)]))).toBe(true)
    expect(exporter.counts).toMatchObject({ queued: 1, shed: 3, sent: 2, sentBytes: 100 })
  })

  it('brings names of a batch that was shed with the next', () => {
    const { exporter, posted, settle } = setUp({ mostSpans: 1 })
    const write = batchWriter()
    const first = write([serverSpan(1)])
    const bytes = first.bytes.byteLength
    exporter.export(first)
    for (let i = 0; i < 3; i++) exporter.export(write([serverSpan(2, { service: `shop/late-${i}:80` })]))
    settle({ spans: 1, bytes })
    exporter.export(write([serverSpan(3, { service: 'shop/late-1:80' })]))
    const decoder = createSpanDecoder()
    const services = posted.flatMap((message) => (message.kind === 'batch' ? decoder.decode(message.batch) : [])).map(({ service }) => service)
    expect(services).toEqual(['shop/catalog:8080', 'shop/late-1:80'])
  })

  it('tells once that the collector was lost, and once that it is back', () => {
    const { exporter, changes, settle } = setUp()
    exporter.export(batchWriter()([serverSpan(1), serverSpan(2), serverSpan(3)]))
    for (const problem of ['refused', 'hangs', null]) settle({ spans: 1, bytes: 1 }, problem)
    expect(changes).toEqual(['refused', null])
    expect(exporter.counts).toMatchObject({ failed: 2, sent: 1, queued: 0 })
  })

  it('counts what lies in a thread that dies as failed, and sheds from then on', () => {
    const { exporter, changes, die } = setUp()
    exporter.export(batchWriter()([serverSpan(1)]))
    die('out of memory')
    expect(exporter.export(batchWriter()([serverSpan(2)]))).toBe(false)
    expect(exporter.counts).toMatchObject({ queued: 0, failed: 1, shed: 1 })
    expect(changes).toEqual(['out of memory'])
  })

  it('asks nothing of its thread at its end when nothing lies there', async () => {
    const { exporter, posted, late, changes } = setUp()
    await exporter.close(1000)
    expect([posted, late, changes]).toEqual([[], [], []])
    expect(exporter.export(batchWriter()([serverSpan(1)]))).toBe(false)
  })

  it('ends when all is sent', async () => {
    const { exporter, posted, settle, ended, changes } = setUp()
    exporter.export(batchWriter()([serverSpan(1)]))
    const closed = exporter.close(1000)
    expect(posted.at(-1)).toEqual({ kind: 'end' })
    settle({ spans: 1, bytes: 1 })
    ended()
    await closed
    expect(exporter.counts).toMatchObject({ sent: 1, shed: 0, failed: 0 })
    expect(changes).toEqual([])
  })

  it('ends in time when the thread hangs: what is left is shed', async () => {
    const { exporter, late } = setUp()
    exporter.export(batchWriter()([serverSpan(1), serverSpan(2)]))
    const closed = exporter.close(1000)
    late.forEach((run) => run())
    await closed
    expect(exporter.counts).toMatchObject({ queued: 0, shed: 2 })
  })
})
