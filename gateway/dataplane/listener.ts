// A listening socket and its connections: admits up to a bound, gives each to the protocol, makes an exchange
// of each request, and knows how to stop without breaking anyone.

import { createServer, type AddressInfo, type Server } from 'node:net'
import { gatewayError } from '../errors.ts'
import type { ProtocolAdapter, ServerConnection, ServerExchange, ServerHandler, ServerSettings, ServerStream } from '../protocols/adapter.ts'
import type { RequestHead } from '../protocols/message.ts'
import type { Problem } from '../protocols/problem.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import { answerOf, writeAnswer } from './answers.ts'
import { header, healthPath, tracesPath } from './bootstrap.ts'
import { Exchange, type Origin } from './exchange.ts'
import type { Plane } from './plane.ts'
import { TraceIntake } from './trace-intake.ts'

export class Listener implements ServerHandler {
  readonly #plane: Plane
  readonly #from: Origin
  readonly #server: Server
  readonly #connections = new Set<ServerConnection>()
  address: SnapshotAddress = { host: '', port: 0 }

  constructor(plane: Plane, protocol: ProtocolAdapter, from: Origin) {
    this.#plane = plane
    this.#from = from
    const { limits } = plane.bootstrap
    const settings: ServerSettings = { ...limits, clock: plane.coarse }
    // Clients may close their own direction first and still get their answer.
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.#connections.add(protocol.serve(socket, this, settings))
    })
    this.#server.maxConnections = limits.maxConnections
  }

  get draining(): boolean {
    return this.#plane.draining
  }

  get size(): number {
    return this.#connections.size
  }

  get busy(): number {
    let busy = 0
    for (const connection of this.#connections) if (connection.busy) busy++
    return busy
  }

  /** Throws RGT_LISTEN. Port 0 takes a free one, to be read from `address`. */
  listen(at: SnapshotAddress): Promise<void> {
    const server = this.#server
    return new Promise((resolve, reject) => {
      const refuse = (cause: Error): void => {
        reject(gatewayError('RGT_LISTEN', `cannot listen on ${at.host}:${at.port}`, { found: cause.message, hint: 'is the port in use?', cause }))
      }
      server.once('error', refuse)
      server.listen({ ...at, backlog: 1024 }, () => {
        server.off('error', refuse)
        this.address = { host: at.host, port: (server.address() as AddressInfo).port }
        resolve()
      })
    })
  }

  begin(stream: ServerStream, head: RequestHead): ServerExchange {
    if (this.#from === 'peer') {
      if (head.path === healthPath) return this.#health(stream)
      const { bootstrap, telemetry, clock } = this.#plane
      if (head.path === tracesPath) return new TraceIntake(stream, head, bootstrap.name, telemetry?.tracing ?? null, clock)
    }
    return new Exchange(this.#plane, stream, head, this.#from)
  }

  refuse(stream: ServerStream, problem: Problem): void {
    this.#plane.metrics.refusedMessages++
    writeAnswer(stream, answerOf(problem), '', [header.gateway, this.#plane.bootstrap.name, header.reason, problem.code])
  }

  closed(connection: ServerConnection): void {
    this.#connections.delete(connection)
  }

  /** What probes over links ask: does this gateway serve, and which services has it no healthy endpoint for. */
  #health(stream: ServerStream): ServerExchange {
    const { state, draining, driver, bootstrap } = this.#plane
    const serves = state !== null && !draining
    const names = serves ? driver.core.unavailableServices().map((index) => state.topology.services[index].name).join(',') : ''
    const own = [header.gateway, bootstrap.name, header.unavailable, names]
    stream.respond(serves ? 200 : 503, serves ? 'OK' : 'Service Unavailable', null, 0, own, 0)
    stream.end(null)
    return answered
  }

  sweep(): void {
    for (const connection of this.#connections) connection.sweep()
  }

  stopAccepting(): void {
    if (this.#server.listening) this.#server.close()
  }

  closeIdle(idleMs: number): void {
    for (const connection of this.#connections) connection.closeWhenIdle(idleMs)
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy()
  }
}

/** For requests that were answered before they began. */
const answered: ServerExchange = { bodyPiece() {}, bodyEnd() {}, readEnd() {}, bodyFailed() {}, clientDrained() {}, clientGone() {} }
