// What an upstream is told besides the client's own fields: who asked, over which host and protocol, under
// which request id; and over a link, which route and service the entry gateway has decided on.

import type { Plane } from './plane.ts'
import { FieldFlag } from '../protocols/fields.ts'
import type { RequestHead } from '../protocols/message.ts'
import type { AttemptTrace } from '../telemetry/spans/index.ts'
import { header } from './bootstrap.ts'

/** Client fields that are not copied, because they belong to the hop or are written anew. */
export const requestDrop =
  FieldFlag.HopByHop | FieldFlag.Framing | FieldFlag.Host | FieldFlag.Regatta | FieldFlag.Forwarded | FieldFlag.RequestId | FieldFlag.Expect

/**
 * … with what this very attempt gets besides: over a link by which route and for which service (the other arguments), so that the
 * far gateway does not decide again; and the context of its trace.
 */
export function attemptFields(
  own: readonly string[], trace: AttemptTrace | null, isLink: boolean, gateway: string, route: string, service: string,
): readonly string[] {
  if (trace === null && !isLink) return own
  const fields = own.slice()
  if (isLink) fields.push(header.hop, gateway, header.route, route, header.service, service)
  if (trace !== null) trace.addFields(fields)
  return fields
}

/** Where this gateway has a part in the trace, what the client said of it is not copied either. */
export const dropFor = (trace: object | null): number => (trace === null ? requestDrop : requestDrop | FieldFlag.Trace)

/** Upstream fields that are not copied to clients. */
export const responseDrop = FieldFlag.HopByHop | FieldFlag.Framing | FieldFlag.Regatta

const maxRequestId = 128

export function requestIdOf(head: RequestHead, plane: Plane): string {
  const given = head.fields.get(header.requestId)
  return given !== undefined && given !== '' && given.length <= maxRequestId ? given : plane.nextRequestId()
}

/**
 * Name/value pairs, `host` first. `fromPeer`: the request came over a link, so what its gateway wrote is kept;
 * from a client, protocol and host are ours to say.
 */
export function upstreamFields(head: RequestHead, authority: string, requestId: string, remoteAddress: string, fromPeer: boolean): string[] {
  const { fields } = head
  const forwardedFor = fields.get('x-forwarded-for')
  const own = authority === '' ? [] : ['host', authority]
  own.push(
    header.requestId, requestId,
    'x-forwarded-for', forwardedFor === undefined ? remoteAddress : `${forwardedFor}, ${remoteAddress}`,
    'x-forwarded-proto', (fromPeer ? fields.get('x-forwarded-proto') : undefined) ?? 'http',
  )
  const forwardedHost = (fromPeer ? fields.get('x-forwarded-host') : undefined) ?? head.authority
  if (forwardedHost !== '') own.push('x-forwarded-host', forwardedHost)
  if (/\btrailers\b/i.test(fields.get('te') ?? '')) own.push('te', 'trailers', 'connection', 'te')
  return own
}
