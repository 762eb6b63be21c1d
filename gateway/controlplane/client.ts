// The delivery core (delivery.ts) over node:http: keeps one stream open to one control plane and posts back what
// became of what arrived. All that is decided is decided in the core; here are sockets, bytes and one timer.

import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Clock, Evidence, Random, Scheduler } from '../ports.ts'
import { seededRandom } from '../runtime.ts'
import type { Snapshot, SnapshotAddress } from '../snapshot/snapshot.ts'
import { parseDelta, parseSnapshot } from '../snapshot/validate.ts'
import { openAlarm } from './alarm.ts'
import { createDelivery, type DeliveryEffect, type DeliveryEvent } from './delivery.ts'
import { lineSplitter } from './lines.ts'
import { parseDelivery } from './messages.ts'
import { tokenHeader, type Acknowledgement, type GatewayIdentity } from './protocol.ts'

export interface ControlPlaneClientOptions {
  /** Asked in this order, from the top after the last. */
  addresses: readonly SnapshotAddress[]
  gateway: GatewayIdentity
  token: string
  clock: Clock
  scheduler: Scheduler
  /** What the gateway serves now. */
  held(): Snapshot | null
  /** Serve this from now on. Throwing refuses it: the gateway keeps what it has. */
  apply(snapshot: Snapshot): void
  evidence: Evidence
  /** Jitter of reconnecting; by default a stream of its own for each gateway name. */
  random?: Random
}

const maxLineBytes = 256 * 1024 * 1024

export function connectControlPlane(options: ControlPlaneClientOptions): { close(): void } {
  const { addresses, gateway, token, clock, scheduler, held, apply, evidence } = options
  // One connection for acknowledgements keeps them in order.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const core = createDelivery({
    addresses: addresses.map(formatAddress), gateway, held, apply,
    tell: (event) => evidence.event(event),
    random: options.random ?? seededRandom(seedOf(gateway.name)),
    checks: { snapshot: parseSnapshot, delta: parseDelta },
  }, clock.nowUs())
  const alarm = openAlarm(clock, scheduler, () => step({ kind: 'tick' }))
  let closed = false
  let address: SnapshotAddress = addresses[0]
  let stream: ClientRequest | null = null
  const posts = new Set<ClientRequest>()

  function step(event: DeliveryEvent): void {
    if (closed) return
    const effects = core.step(event, clock.nowUs())
    // Whoever was told to apply may have closed this.
    if (closed) return
    for (const effect of effects) carryOut(effect)
    alarm.set(core.nextUs)
  }

  function carryOut(effect: DeliveryEffect): void {
    switch (effect.kind) {
      case 'connect': address = addresses[effect.address]; stream = open(effect); break
      case 'acknowledge': post(effect.connection, effect.acknowledgement); break
      case 'close': closeStream()
    }
  }

  function open({ connection, revision, version }: Extract<DeliveryEffect, { kind: 'connect' }>): ClientRequest {
    const query = new URLSearchParams({
      gateway: gateway.name, role: gateway.role, region: gateway.region ?? '', revision: String(revision), version,
    })
    const over = ending(connection)
    const opened = request({ ...address, path: `/v1/snapshots?${query}`, headers: { [tokenHeader]: token }, agent: false })
    opened.on('socket', (socket) => socket.setNoDelay(true))
    opened.on('error', (error) => over(error.message))
    opened.on('close', () => over('closed'))
    opened.on('response', (response) => {
      if (response.statusCode === 200) receive(response, connection)
      else refused(response, over)
    })
    opened.end()
    return opened
  }

  /** Ends a connection, whoever says so first. */
  function ending(connection: number): (reason: string, refused?: boolean) => void {
    return (reason, refused = false) => step({ kind: 'ended', connection, reason, refused })
  }

  function receive(response: IncomingMessage, connection: number): void {
    const over = ending(connection)
    const take = lineSplitter(maxLineBytes, (line) => step({ kind: 'message', connection, message: parseDelivery(line) }))
    response.on('data', (chunk: Buffer) => {
      step({ kind: 'heard', connection })
      try {
        take(chunk)
      } catch (error) {
        step({ kind: 'malformed', connection, error })
      }
    })
    response.on('error', (error) => over(error.message))
    response.on('end', () => over('ended'))
  }

  function post(connection: number, acknowledgement: Acknowledgement): void {
    const over = ending(connection)
    const body = JSON.stringify(acknowledgement)
    const sent = request({
      ...address, method: 'POST', path: '/v1/acknowledgements', agent,
      headers: { [tokenHeader]: token, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    posts.add(sent)
    sent.on('error', (error) => over(error.message))
    sent.on('close', () => posts.delete(sent))
    sent.on('response', (response) => {
      response.resume()
      if (response.statusCode === 200) response.on('end', () => step({ kind: 'answered', connection }))
      else over(`acknowledgement answered ${response.statusCode}`)
    })
    sent.end(body)
  }

  function closeStream(): void {
    stream?.destroy()
    stream = null
    for (const sent of posts) sent.destroy()
  }

  step({ kind: 'tick' })
  return {
    close() {
      closed = true
      alarm.cancel()
      closeStream()
      agent.destroy()
    },
  }
}

function refused(response: IncomingMessage, over: (reason: string, refused: boolean) => void): void {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => { if (text.length < 1024) text += chunk })
  response.on('end', () => over(`refused with ${response.statusCode}: ${text.slice(0, 1024)}`, true))
  response.on('error', (error) => over(error.message, false))
}

function formatAddress({ host, port }: SnapshotAddress): string {
  return `${host}:${port}`
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits: different names, different jitter. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
