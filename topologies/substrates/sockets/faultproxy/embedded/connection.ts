// One client's connection: accepted at once, the upstream dialled behind it (so a client always sees its
// connection accepted, even by a dead upstream, and then closed), and one link each way.

import { connect, type Socket } from 'node:net'
import type { Random } from '../../../../../gateway/ports.ts'
import type { Alarms } from './alarms.ts'
import { openLink, type Link } from './link.ts'
import type { Stream, Toxic } from './wire.ts'

export interface Connection {
  /** null until the upstream has accepted. */
  links: Record<Stream, Link> | null
  destroy(): void
}

export interface ConnectionPorts {
  alarms: Alarms
  random: Random
  client: Socket
  upstream: { host: string; port: number }
  chain: Record<Stream, Toxic[]>
  onGone(connection: Connection): void
}

export function openConnection(ports: ConnectionPorts): Connection {
  const { client, chain, alarms, random } = ports
  const upstream = connect({ ...ports.upstream, allowHalfOpen: true, noDelay: true })
  let openSockets = 2

  const tearDown = (how: 'close' | 'reset'): void => {
    for (const socket of [client, upstream]) {
      if (how === 'reset' && !socket.connecting) socket.resetAndDestroy()
      else socket.destroy()
    }
  }
  const connection: Connection = { links: null, destroy: () => tearDown('close') }

  const onClose = (link: Stream, other: Stream, socket: Socket, peer: Socket, hadError: boolean): void => {
    openSockets--
    const { links } = connection
    if (openSockets === 0) {
      links?.upstream.discard()
      links?.downstream.discard()
      ports.onGone(connection)
    } else if (links === null) peer.destroy()
    else if (hadError || !socket.readableEnded) {
      links[other].discard()
      links[link].sourceEnded(true)
    }
  }
  // An error is always followed by 'close', where it is dealt with.
  client.on('error', ignore).on('close', (bad: boolean) => onClose('upstream', 'downstream', client, upstream, bad))
  upstream.on('error', ignore).on('close', (bad: boolean) => onClose('downstream', 'upstream', upstream, client, bad))
  upstream.on('connect', () => {
    if (client.destroyed) return
    connection.links = {
      upstream: openLink({ alarms, random, source: client, target: upstream, tearDown }, chain.upstream),
      downstream: openLink({ alarms, random, source: upstream, target: client, tearDown }, chain.downstream),
    }
    const { links } = connection
    client.on('end', () => links.upstream.sourceEnded(false))
    upstream.on('end', () => links.downstream.sourceEnded(false))
    client.resume()
  })
  return connection
}

function ignore(): void {}
