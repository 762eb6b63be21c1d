// A spike: the load's rate throughout, and four times as much again on top in the middle third. Shows whether
// failover still holds when the region that is left gets a rush as well.

import exec from 'k6/execution'
import { requestId, streamLabel, templateAt } from '../../topologies/arrivals.ts'
import { arrivals, loadFromEnvironment, optionsFor, send, waitForStart } from './lib/regatta.ts'

const load = loadFromEnvironment()
const windowUs = load.toUs - load.fromUs
const rise = 4

export const options = optionsFor(Object.fromEntries(load.streams.flatMap((stream, at) => {
  const label = streamLabel(load, at)
  return [
    [label, arrivals(stream, stream.ratePerSecond, stream.phaseUs, windowUs - stream.phaseUs)],
    [`${label}_spike`, arrivals(stream, rise * stream.ratePerSecond, windowUs / 3 + stream.phaseUs, windowUs / 3)],
  ]
})))

export const setup = waitForStart

export default function (): void {
  const [label, spike] = exec.scenario.name.split('_')
  const stream = load.streams.find((_, at) => streamLabel(load, at) === label)!
  const index = exec.scenario.iterationInTest
  const ratePerSecond = spike === undefined ? stream.ratePerSecond : rise * stream.ratePerSecond
  const scheduledMs = exec.scenario.startTime + index * 1000 / ratePerSecond
  const template = stream.templates[templateAt(stream, index)]
  send({ stream: label, pinned: null, timeoutMs: stream.timeoutMs, traced: stream.traced }, requestId(exec.scenario.name, index), scheduledMs, template)
}
