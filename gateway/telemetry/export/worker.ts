// The exporting thread: OpenTelemetry's OTLP exporter behind a queue. Loaded by its address (worker-address.ts), from its source
// or from its own bundle, so that the gateway's bundle carries none of it.

import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions'
import { unixOffsetUs } from '../../runtime.ts'
import { createSpanDecoder } from '../spans/codec.ts'
import type { FromSender, SenderSettings, ToSender } from './messages.ts'
import { openOtlp } from './otlp-exporter.ts'
import { readableSpan } from './otlp-span.ts'
import { createSender } from './sender.ts'

const { target, process: instance, region, timeoutMs, spansPerRequest } = workerData as SenderSettings
const port = parentPort!

/** This thread has no other sockets than the exporter's. */
let closedOctets = 0
const open = new Set<Socket>()
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  open.add(socket)
  socket.once('close', () => {
    open.delete(socket)
    closedOctets += socket.bytesWritten
  })
})

const origin = {
  resource: resourceFromAttributes({
    [ATTR_SERVICE_NAME]: 'regatta-gateway', [ATTR_SERVICE_INSTANCE_ID]: instance, ...(region === null ? {} : { 'cloud.region': region }),
  }),
  unixOffsetUs: unixOffsetUs(),
}
const otlp = await openOtlp(target, timeoutMs)
const tell = (message: FromSender): void => port.postMessage(message)
const sender = createSender({
  decoder: createSpanDecoder(), readable: (span) => readableSpan(span, origin), send: otlp.send, spansPerRequest, tell,
  octets: () => [...open].reduce((total, { bytesWritten }) => total + bytesWritten, closedOctets),
})

port.on('message', (message: ToSender) => {
  if (message.kind === 'batch') {
    sender.take(message.batch)
    return
  }
  void sender.drained().then(async () => {
    tell({ kind: 'ended' })
    await otlp.close()
    port.close()
  })
})
