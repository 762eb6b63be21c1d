// The registry of axes. Order matters: where several are set they are applied from first to last, so that what
// shapes the topology stands before what counts its clients and paths.

import { nearest } from '../../gateway/config/shape.ts'
import { scenarioError } from '../errors.ts'
import type { Axis, AxisUnit } from './axis.ts'
import { withHealth, withMaxAttempts } from './failover-policy.ts'
import { withRegions } from './fewer-regions.ts'
import { withRate } from './offered-rate.ts'
import { withRoundTrips } from './round-trips.ts'

type AxisBody = Omit<Axis, 'name'>

export const axisBodies = {
  regions: { unit: 'count', apply: withRegions, description: 'Regions of the topology that are kept: those that faults name, then by its order.' },
  'rtt-factor': { unit: 'factor', apply: withRoundTrips, description: 'Every round-trip time of the topology, times this.' },
  rate: { unit: 'rate', apply: withRate, description: 'Requests a second of all clients together, what measures (prober, witness) included.' },
  'max-attempts': { unit: 'count', apply: withMaxAttempts, description: 'Upstream attempts of one request in all; 1 = no retry and no hedge.' },
  'probe-interval': health('duration', 'probe', 'interval', 'Between two active probes of an idle target.'),
  'probe-timeout': health('duration', 'probe', 'minTimeout', 'Least patience with a probe; it is max(this, slowest recent probe of the path + probe-margin).'),
  'probe-margin': health('duration', 'probe', 'p99Margin', 'Patience with a probe beyond the slowest recent one of its path.'),
  'probe-misses': health('count', 'probe', 'misses', 'Probes missed in a row that eject.'),
  'probe-cap': health('rate', 'probe', 'maxPerSecond', 'Active probes a second of one gateway at most.'),
  'silence-requests': health('count', 'silence', 'minOutstanding', 'Requests without an answer that make a silence.'),
  'silence-multiple': health('factor', 'silence', 'p99Multiple', 'A silence lasts this times the recent p99, within silence-min and silence-max.'),
  'silence-min': health('duration', 'silence', 'min', 'Shortest silence that makes a suspect.'),
  'silence-max': health('duration', 'silence', 'max', 'Longest silence that is waited for.'),
  'connection-failures': health('count', 'outlier', 'connectionFailures', 'Refused, reset or closed connections in a row that eject.'),
  'consecutive-5xx': health('count', 'outlier', 'consecutive5xx', '5xx answers in a row that eject.'),
  'counter-reset': health('duration', 'outlier', 'counterReset', 'Counters of failures start again each time this passes; 0s = only a success resets them.'),
  'max-ejected-share': health('share', 'outlier', 'maxEjectedShare', 'Highest share of a service\'s targets that may be ejected.'),
  'panic-share': health('share', 'outlier', 'panicShare', 'Below this healthy share health is ignored; 0 = never.'),
  'retry-budget': health('share', 'retry', 'budgetShare', 'Retries and hedges as a share of requests.'),
  'retry-floor': health('rate', 'retry', 'minPerSecond', 'Retries a second that are allowed however few requests there are.'),
  'recovery-min': health('duration', 'recovery', 'min', 'An ejected target must answer probes for this long before it ramps up.'),
  'recovery-successes': health('count', 'recovery', 'successes', 'Probes in a row that an ejected target must answer.'),
  'recovery-ramp': health('duration', 'recovery', 'ramp', 'From the first traffic of a recovering target to its whole share.'),
} as const satisfies Record<string, AxisBody>

export type AxisName = keyof typeof axisBodies

/** In the order in which they are applied. */
export const axes: readonly (Axis & { name: AxisName })[] = Object.entries(axisBodies)
  .map(([name, body]) => ({ name: name as AxisName, ...(body as AxisBody) }))

/** Throws RGT_SWEEP_AXIS for a name that is none. */
export function axisOf(name: string): Axis & { name: AxisName } {
  const found = axes.find((axis) => axis.name === name)
  if (found !== undefined) return found
  const names = axes.map((axis) => axis.name)
  const near = nearest(name, names)
  throw scenarioError('RGT_SWEEP_AXIS', `there is no axis \`${name}\``, {
    expected: `one of ${names.join(', ')}`, found: name, ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

function health(unit: AxisUnit, section: string, field: string, description: string): AxisBody {
  return {
    unit, description,
    apply: (subject, value) => withHealth(subject, [section, field], unit === 'duration' ? { ms: value } : value),
  }
}
