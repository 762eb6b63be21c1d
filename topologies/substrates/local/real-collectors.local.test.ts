// Real collectors in front of the embedded one: what a gateway exports comes out behind them, over both protocols. What is not
// on this machine is not tried.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openExporter } from '../../../gateway/telemetry/export/index.ts'
import { batchWriter, clientSpan, hex, serverSpan } from '../../../gateway/telemetry/export/spans.case.ts'
import { findTool } from '../../tools/index.ts'
import { freePorts, startChild } from '../sockets/generator/child.case.ts'
import { parseSpansLine } from '../sockets/collector/lines.ts'
import { realCollectors } from './real-collectors.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

const found = await Promise.all(Object.keys(realCollectors).map(async (kind) => [kind as keyof typeof realCollectors, await findTool(kind, { allowInstall: false })] as const))

describe.each(found)('%s', (kind, tool) => {
  for (const protocol of ['http/protobuf', 'grpc'] as const) test(`passes on over ${protocol} what gateways export`, async ({ skip }) => {
    if ('reason' in tool) return skip(tool.reason)
    const [http, grpc, ownHttp, ownGrpc] = await freePorts(4)
    const embedded = { http: { host: '127.0.0.1', port: ownHttp }, grpc: { host: '127.0.0.1', port: ownGrpc } }
    const receiver = startChild(join(import.meta.dirname, '..', 'sockets', 'collector', 'main.ts'), embedded)
    const stateDir = mkdtempSync(join(tmpdir(), 'regatta-collector-'))
    undo.push(() => rmSync(stateDir, { recursive: true, force: true }), () => receiver.stop())
    await receiver.line((line) => line.includes('"kind":"ready"'))

    const { command, args } = realCollectors[kind].start({ command: tool.path, stateDir, listen: { http, grpc }, forwardTo: embedded.http })
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
    undo.push(() => (child.kill('SIGKILL'), exited))
    await realCollectors[kind].untilServing({ http, grpc }, { name: kind, exited, stderr: () => said, timeoutMs: 20_000 })

    const exporter = openExporter({ protocol, host: '127.0.0.1', port: protocol === 'grpc' ? grpc : http }, { process: 'edge/frankfurt', region: null, timeoutMs: 5000 })
    const write = batchWriter()
    for (let number = 1; number <= 20; number++) exporter.export(write([serverSpan(number, { threshold: 'c' }), clientSpan(number)]))
    await exporter.close(10_000)
    expect(exporter.counts).toMatchObject({ sent: 40, failed: 0, shed: 0 })
    // It sends what it still holds before it ends.
    child.kill('SIGTERM')
    await exited
    await receiver.stop()
    const rows = receiver.lines.flatMap((line) => parseSpansLine(line) ?? [])
    expect(rows.map(({ traceId, kind: side }) => `${traceId} ${side}`).sort())
      .toEqual(Array.from({ length: 20 }, (_, index) => [`${hex(index + 1, 32)} client`, `${hex(index + 1, 32)} server`]).flat().sort())
    expect(rows.find(({ kind: side }) => side === 'server')).toMatchObject({ process: 'edge/frankfurt', route: 'shop/catalog/0', adjustedCount: 4 })
    expect(receiver.lines.findLast((line) => line.includes('"kind":"collector"'))).toContain('"edge/frankfurt":{"spans":40,')
  }, 60_000)
})
