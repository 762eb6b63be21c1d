// From a sweep to the runs that it asks for: every combination of values, each an ordinary scenario with its topology.

import { fromObjects } from '../../gateway/config/document.ts'
import { CodedError, CodedErrors } from '../../gateway/errors.ts'
import { checkGatewayConfig } from '../../topologies/gateway-config.ts'
import { scenarioError } from '../errors.ts'
import { plan } from '../plan.ts'
import { axes, axisOf } from './axes.ts'
import { formatAxisValue } from './axis.ts'
import { documentsOf, type Subject } from './subject.ts'
import type { Cell, Sweep, SweepSetting } from './sweep.ts'

/** More runs than this are a slip of the keyboard. */
export const mostRuns = 100_000

/** In order, the last axis fastest. Throws RGT_SWEEP_GRID when it asks for more runs than anyone can want. */
export function cellsOf({ axes: swept, seeds }: Pick<Sweep, 'axes' | 'seeds'>): Cell[] {
  const count = swept.reduce((product, { values }) => product * values.length, 1)
  if (count * seeds.length > mostRuns) {
    throw scenarioError('RGT_SWEEP_GRID', 'the grid is too large', { expected: `at most ${mostRuns} runs`, found: `${count} cells × ${seeds.length} seeds` })
  }
  return Array.from({ length: count }, (_, index) => {
    let rest = index
    const at = swept.map(() => 0)
    for (let axis = swept.length - 1; axis >= 0; axis--) {
      at[axis] = rest % swept[axis].values.length
      rest = Math.floor(rest / swept[axis].values.length)
    }
    return { index, at, settings: swept.map(({ name, values }, axis) => ({ axis: name, value: values[at[axis]] })) }
  })
}

/** The subject with every setting applied, in the order of the registry; `fixed` under the cell's own. */
export function subjectOf(subject: Subject, fixed: readonly SweepSetting[], settings: readonly SweepSetting[]): Subject {
  const values = new Map([...fixed, ...settings].map(({ axis, value }) => [axis, value]))
  return axes.filter(({ name }) => values.has(name)).reduce((altered, { name, apply }) => apply(altered, values.get(name)!), subject)
}

/** The same, held against what gateways and plans accept. Throws RGT_SWEEP_AXIS that names the settings. */
export function checkedSubject(subject: Subject, fixed: readonly SweepSetting[], settings: readonly SweepSetting[]): Subject {
  try {
    const altered = subjectOf(subject, fixed, settings)
    checkGatewayConfig(altered.topology, fromObjects(documentsOf(altered), altered.scenario.name))
    plan(altered.scenario, altered.topology, 1)
    return altered
  } catch (cause) {
    if (!(cause instanceof CodedError) || cause.code === 'RGT_SWEEP_AXIS') throw cause
    const problem = cause instanceof CodedErrors ? cause.errors[0] : cause
    throw scenarioError('RGT_SWEEP_AXIS', `no run can be had with ${describeSettings(settings)}`, {
      ...(problem.details.expected === undefined ? {} : { expected: problem.details.expected }),
      found: `${problem.code}: ${problem.message}`, cause,
    })
  }
}

/** `rate 5, counter-reset 250ms`. */
export function describeSettings(settings: readonly SweepSetting[]): string {
  return settings.map(({ axis, value }) => `${axis} ${formatAxisValue(axisOf(axis).unit, value)}`).join(', ')
}
