// Who a request is from, by the listener that it came in at. The header that could say so is taken off every request, before
// routes may match it or services see it: from anywhere but the sidecar it is a lie.

import type { Fields } from '../protocols/fields.ts'
import { gatewayCaller, type Caller } from '../security/access-gate.ts'
import { callerOf, clientCertHeader, type Identities } from '../security/identity.ts'
import type { Origin } from './exchange.ts'

const nobody: Identities = Object.freeze({})

/** A text says why there is nobody: the request is then refused. */
export function readCaller(fields: Fields, from: Origin, identities: Identities = nobody): Caller | string {
  const told = fields.names.includes(clientCertHeader) ? fields.get(clientCertHeader) : undefined
  if (told !== undefined) fields.remove(clientCertHeader)
  return from === 'mesh' ? callerOf(told, identities) : gatewayCaller
}
