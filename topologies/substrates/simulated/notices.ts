// How simulated gateways tell each other of traces to keep: what `gateway/dataplane/trace-notices.ts` posts over a link, with
// its delays and its patience, one trace at a time.

import type { PromotionReason } from '../../../gateway/telemetry/spans/index.ts'
import type { Engine } from './engine/engine.ts'
import { ProcessState, type SimulatedGateway } from './gateway.ts'
import type { Network } from './network.ts'

/** As there: gathered for so long, sent again after so long times the number of tries, given up after so many. */
const gatherMs = 20
const retryMs = 250
const maxTries = 4
/** Octets of one line and of its share of a message. */
const noticeBytes = 80

export class TraceNotices {
  readonly #engine: Engine
  readonly #network: Network

  constructor(engine: Engine, network: Network) {
    this.#engine = engine
    this.#network = network
  }

  tell(from: SimulatedGateway, to: SimulatedGateway, traceId: string, reason: PromotionReason): void {
    this.#engine.scheduler.after(gatherMs, () => this.#send(from, to, traceId, reason, 1))
  }

  #send(from: SimulatedGateway, to: SimulatedGateway, traceId: string, reason: PromotionReason, tries: number): void {
    // Gone, and with it what it still had to tell.
    if (from.state === ProcessState.stopped) return
    const { nowUs } = this.#engine
    const takenUs = this.#network.transit(from.place.place, to.place.place, noticeBytes, nowUs)
    this.#engine.scheduler.after(takenUs < 0 ? 0 : takenUs / 1000, () => {
      if (takenUs >= 0 && to.state === ProcessState.running && to.telemetry !== null) {
        to.telemetry.tracing.promote([{ traceId, reason }], this.#engine.nowUs)
      } else if (tries < maxTries) {
        this.#engine.scheduler.after(retryMs * tries, () => this.#send(from, to, traceId, reason, tries + 1))
      } else from.telemetry?.tracing.untold(1)
    })
  }
}
