// A shopper's way through the shop: the templates of the load, in order, as the clicks of one journey. The
// first click is open-loop; each later one waits for the answer before it and a moment of reading, and a
// shopper who meets an error leaves, so this load thins out while the shop is down.

import { sleep } from 'k6'
import exec from 'k6/execution'
import { requestId, streamLabel } from '../../topologies/arrivals.ts'
import { arrivals, loadFromEnvironment, optionsFor, send, waitForStart } from './lib/regatta.ts'

const load = loadFromEnvironment()
const readingS = 0.05

// The rate of a load counts requests, so that the same number means the same to every suite.
export const options = optionsFor(Object.fromEntries(load.streams.map((stream, at) => {
  const steps = stream.templates.length
  const journey = { ...stream, timeoutMs: steps * (stream.timeoutMs + readingS * 1000) }
  return [streamLabel(load, at), arrivals(journey, stream.ratePerSecond / steps, stream.phaseUs, load.toUs - load.fromUs - stream.phaseUs)]
})))

export const setup = waitForStart

export default function (): void {
  const label = exec.scenario.name
  const stream = load.streams.find((_, at) => streamLabel(load, at) === label)!
  const steps = stream.templates.length
  const index = exec.scenario.iterationInTest
  let scheduledMs = exec.scenario.startTime + index * steps * 1000 / stream.ratePerSecond
  for (const [at, template] of stream.templates.entries()) {
    const { status } = send({ stream: label, pinned: null, timeoutMs: stream.timeoutMs, traced: stream.traced }, `${requestId(label, index)}.${at}`, scheduledMs, template)
    if (status === 0 || status >= 500 || at === steps - 1) return
    sleep(readingS)
    scheduledMs = Date.now()
  }
}
