// What one client does with one request: a single try through an edge or straight at a region, or, entering by
// a list, the next address when one is silent or broken. A list client remembers what failed, and tests it again
// with a copy beside the real request (with the request itself only when a copy could do harm).

import type { Clock } from '../../../../gateway/ports.ts'
import { header } from '../../../../gateway/dataplane/bootstrap.ts'
import { clientTraceparent } from '../../../client-trace.ts'
import { leastTryUs, passOverUs } from '../../../list-entry.ts'
import { Attempt, type AttemptResult, type WireRequest } from './attempt.ts'
import type { WayIn } from './entries.ts'
import type { Upstream, Upstreams } from './upstreams.ts'

const connectionFailures = new Set(['refused', 'reset', 'closed', 'timeout'])

export interface ClientRequest extends WireRequest {
  id: string
  timeoutMs: number
  /** May be sent to the next address although the first may have seen it. */
  repeatable: boolean
}

/** Hands back a function that abandons the request without a result. */
export type Send = (request: ClientRequest, done: (result: AttemptResult) => void) => () => void

export function openClient(wayIn: WayIn, upstreams: Upstreams, clock: Clock): Send {
  const targets = wayIn.addresses.map((address) => upstreams.of(address))
  return wayIn.kind === 'list' ? listClient(targets, wayIn.tryTimeoutMs, clock) : singleClient(targets[0])
}

function singleClient(target: Upstream): Send {
  return (request, done) => {
    const attempt = new Attempt(target, request, request.timeoutMs, done)
    return () => attempt.abandon()
  }
}

function listClient(targets: Upstream[], tryTimeoutMs: number, clock: Clock): Send {
  return (request, done) => {
    const deadlineUs = clock.nowUs() + request.timeoutMs * 1000
    const due = targets.find((target) => target.downUntilUs > -Infinity && target.downUntilUs <= clock.nowUs())
    if (due !== undefined && request.repeatable) test(due, request, tryTimeoutMs, clock)
    else if (due !== undefined) due.downUntilUs = -Infinity
    const order = orderOf(targets)
    let current: Attempt
    const tryAt = (at: number): void => {
      const target = order[at]
      const leftMs = Math.max(1, (deadlineUs - clock.nowUs()) / 1000)
      const isLast = at === order.length - 1
      current = new Attempt(target, request, isLast ? leftMs : Math.min(tryTimeoutMs, leftMs), (result) => {
        if (!connectionFailures.has(result.outcome)) return done(result)
        target.downUntilUs = clock.nowUs() + passOverUs
        const mayGoOn = (request.repeatable || result.outcome === 'refused') && deadlineUs - clock.nowUs() >= leastTryUs
        if (isLast || !mayGoOn) done(result)
        else tryAt(at + 1)
      })
    }
    tryAt(0)
    return () => current.abandon()
  }
}

/** Those that are up, in the list's order; then the others, in case nothing else answers. */
function orderOf(targets: Upstream[]): Upstream[] {
  const isUp = (target: Upstream): boolean => target.downUntilUs === -Infinity
  return targets.every(isUp) ? targets : [...targets.filter(isUp), ...targets.filter((target) => !isUp(target))]
}

/** A copy of the request under a name and in a trace of its own; an answer that is not 5xx brings the address back. */
function test(target: Upstream, request: ClientRequest, timeoutMs: number, clock: Clock): void {
  target.downUntilUs = clock.nowUs() + passOverUs + timeoutMs * 1000
  const headers = [...request.headers]
  const id = `${request.id}-test`
  for (const [name, value] of [[header.requestId, id], ['traceparent', clientTraceparent(id)]]) {
    const at = headers.indexOf(name)
    if (at >= 0) headers[at + 1] = value
  }
  new Attempt(target, { ...request, headers }, timeoutMs, ({ status }) => {
    if (status > 0 && status < 500) target.downUntilUs = -Infinity
    else target.downUntilUs = clock.nowUs() + passOverUs
  })
}
