// One stream on the wire: what its requests have in common is made once, what differs (name, time) is filled in
// for each.

import { header } from '../../../../gateway/dataplane/bootstrap.ts'
import { isEligible, requestId, streamLabel } from '../../../arrivals.ts'
import { clientTraceparent } from '../../../client-trace.ts'
import type { RequestRow } from '../../../history.ts'
import type { LoadSpec, StreamSpec } from '../../../substrate.ts'
import type { AttemptResult } from './attempt.ts'
import type { Send } from './client.ts'
import type { WayIn } from './entries.ts'

export class StreamSender {
  readonly #load: LoadSpec
  readonly #stream: StreamSpec
  readonly #label: string
  readonly #kind: WayIn['kind']
  readonly #send: Send
  readonly #wires: { headers: string[]; body: Buffer | null; repeatable: boolean; eligible: boolean }[]

  constructor(load: LoadSpec, streamIndex: number, wayIn: WayIn, send: Send, token: string) {
    const stream = load.streams[streamIndex]
    this.#load = load
    this.#stream = stream
    this.#label = streamLabel(load, streamIndex)
    this.#kind = wayIn.kind
    this.#send = send
    const pin = stream.pinned === null ? [] : [header.pin, stream.pinned, header.token, token]
    this.#wires = stream.templates.map(({ method, host, headers, bodyBytes }) => ({
      headers: ['host', host, ...Object.entries(headers).flat(), ...pin],
      body: bodyBytes === 0 ? null : Buffer.alloc(bodyBytes, 'x'),
      repeatable: isEligible(method, bodyBytes, 'list', null),
      eligible: isEligible(method, bodyBytes, wayIn.kind, stream.pinned),
    }))
  }

  /** As it stands when nothing comes back; the result fills in the rest. */
  row(index: number, atUs: number, template: number): RequestRow {
    const { group, pinned, templates } = this.#stream
    const { name, method } = templates[template]
    return {
      id: requestId(this.#label, index), source: this.#load.source, scheduledUs: atUs, startUs: atUs, durationUs: 0,
      group, entry: this.#kind, route: name, protocol: 'http1', method, gateway: '', region: '', pinned: pinned ?? '',
      status: 0, outcome: 'lost', attempts: 0, decisionNs: 0, eligible: this.#wires[template].eligible, sampled: false, bytes: 0,
    }
  }

  send(row: RequestRow, template: number, done: (result: AttemptResult) => void): () => void {
    const { headers, body, repeatable } = this.#wires[template]
    const { method, path } = this.#stream.templates[template]
    const own = [header.requestId, row.id, ...(this.#stream.traced === true ? ['traceparent', clientTraceparent(row.id)] : [])]
    return this.#send({
      id: row.id, method, path, headers: [...headers, ...own], body, repeatable, timeoutMs: this.#stream.timeoutMs,
    }, done)
  }
}
