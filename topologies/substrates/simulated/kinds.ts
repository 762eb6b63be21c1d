// What can happen in the simulated world: one number a kind of event, with what its two integers mean.

import { firstKind } from './engine/engine.ts'

export const Kind = {
  /** Requests that are due are sent by their clients. */
  arrive: firstKind,
  /** A request reaches the gateway where it enters. a = client request, b = gateway. */
  enter: firstKind + 1,
  /** An attempt over a link reaches the far gateway. a = attempt, b = gateway. */
  hop: firstKind + 2,
  /** A response reaches the gateway that asked. a = attempt, b = packed answer (`answers.ts`). */
  answer: firstKind + 3,
  /** An attempt's connection fails. a = attempt, b = ending + 16 when a byte may have been delivered. */
  broken: firstKind + 4,
  /** The asking gateway gave an exchange up. a = exchange, b = gateway. */
  abandon: firstKind + 5,
  /** An attempt reaches an endpoint whose concurrency is limited. a = attempt, b = endpoint. */
  serve: firstKind + 6,
  /** Such an endpoint is done with one. a = attempt, b = endpoint. */
  served: firstKind + 7,
  /** A gateway's clock turns. a = gateway, b = turn. */
  tick: firstKind + 8,
  /** A probe reaches what it asks. a = probe. */
  probeThere: firstKind + 9,
  /** Its answer is back. a = probe, b = 0 well, or index into probeFailures + 1. */
  probeBack: firstKind + 10,
  /** Its time is over. a = probe. */
  probeLate: firstKind + 11,
  /** The oldest request of a queue of equal patience may have waited too long. a = queue. */
  patience: firstKind + 12,
  /** A step of the run. a = its index. */
  step: firstKind + 13,
  /** A client's connection fails. a = client request, b = index into requestOutcomes. */
  clientBroken: firstKind + 14,
} as const
