// The embedded collector as a process of a run: takes OTLP over HTTP and gRPC, tells each span as a line, and each second what
// came from whom. It keeps nothing, so that it costs a run as little as it can.

import type { Server } from 'node:net'
import { gatewayError } from '../../../../gateway/errors.ts'
import type { Scheduler } from '../../../../gateway/ports.ts'
import { runChild, unixOffsetUs } from '../../../../gateway/runtime.ts'
import type { SnapshotAddress } from '../../../../gateway/snapshot/snapshot.ts'
import type { CollectorBootstrap } from './bootstrap.ts'
import { grpcReceiver } from './grpc-receiver.ts'
import { httpReceiver } from './http-receiver.ts'
import { openIntake } from './intake.ts'
import { openSpanWriter } from './lines.ts'

/** What is under way when it is asked to end has so long, milliseconds. */
const drainMs = 500

await runChild<CollectorBootstrap>(async ({ bootstrap, clock, scheduler, evidence }) => {
  const writer = openSpanWriter(process.stdout, scheduler)
  const intake = openIntake(unixOffsetUs(), writer.span)
  const http = httpReceiver(intake)
  const grpc = grpcReceiver(intake)
  await Promise.all([listen(http, bootstrap.http), listen(grpc.server, bootstrap.grpc)])
  const report = (): void => {
    writer.flush()
    evidence.event({ atUs: clock.nowUs(), kind: 'collector', senders: intake.senders, refused: intake.refused })
  }
  const stopReporting = scheduler.every(1000, report)
  return async () => {
    stopReporting()
    const ended = Promise.all([closed(http), closed(grpc.server)])
    http.closeIdleConnections()
    await within(drainMs, ended, scheduler)
    http.closeAllConnections()
    grpc.closeAll()
    await ended
    report()
  }
})

const closed = (server: Server): Promise<void> => new Promise((resolve) => { server.close(() => resolve()) })

function within(ms: number, over: Promise<unknown>, scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => {
    const cancel = scheduler.after(ms, resolve)
    void over.then(() => {
      cancel()
      resolve()
    })
  })
}

function listen(server: Server, { host, port }: SnapshotAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(gatewayError('RGT_LISTEN', `cannot listen on ${host}:${port}`, { found: String(cause), cause })))
    server.listen(port, host, 1024, resolve)
  })
}
