// What begins and ends to fire reaches evidence and the receivers of its policy, also when the policy is gone by then.

import { expect, test } from 'vitest'
import type { GatewayEvent, Scheduler } from '../ports.ts'
import type { AlertDelivery, AlertRules } from '../telemetry/alerts/alert.ts'
import { createAlertCore } from '../telemetry/alerts/core.ts'
import { reportOf, second } from '../telemetry/alerts/reports.case.ts'
import type { AlertMessage } from './alert-delivery.ts'
import type { ConfigDocument } from './protocol.ts'
import { shop } from './shop.case.ts'
import { turnAlerts } from './telemetry-alerts.ts'
import { createPlaneTelemetry } from './telemetry.ts'

const policy = (deliver: object[], keepFiringFor = '0s'): ConfigDocument => ({
  apiVersion: 'regatta.dev/v1alpha1', kind: 'AlertPolicy', metadata: { name: 'p', namespace: 'shop' },
  spec: { targetRefs: [{ kind: 'Gateway', name: 'shop' }], rules: [{ name: 'denials', kind: 'residency-denials', window: '1s', keepFiringFor }], deliver },
} as unknown as ConfigDocument)

function bed() {
  let turn = (): void => {}
  let stopped = false
  let nowUs = 0
  const events: GatewayEvent[] = []
  const delivered: { message: AlertMessage; to: readonly AlertDelivery[] }[] = []
  const configured: (readonly AlertRules[])[] = []
  const core = createAlertCore()
  const telemetry = createPlaneTelemetry('eu-west', core, 0)
  const scheduler = { every: (ms: number, run: () => void) => {
    expect(ms).toBe(1000)
    turn = run
    return () => { stopped = true }
  } } as unknown as Scheduler
  const alerts = turnAlerts({
    region: 'eu-west', telemetry, unixOffsetUs: 1e15, clock: { nowUs: () => nowUs } as never, scheduler,
    core: { configure: (policies) => { configured.push(policies); core.configure(policies) } },
    deliveries: { deliver: (message, to) => { delivered.push({ message, to }) } },
    evidence: { event: (event) => { events.push(event) }, attempt: () => {} },
  })
  return {
    alerts, events, delivered, configured, isStopped: () => stopped,
    /** A second passes, with so many denials. */
    pass(denials: number) {
      nowUs += second
      telemetry.report(reportOf('edge', nowUs / second, { requests: { residency: denials, ok: 1 } }), nowUs)
      turn()
    },
  }
}

test('an alert is told as evidence and to whom its policy names', () => {
  const { alerts, events, delivered, pass, isStopped } = bed()
  alerts.configure([...shop(1), policy([{ file: 'a.ndjson' }])])
  pass(0)
  expect([events, delivered]).toEqual([[], []])
  pass(2)
  for (let wait = 0; wait < 4; wait++) pass(0)
  expect(events).toMatchObject([
    { atUs: 2 * second, kind: 'alert', alert: { rule: 'denials', policy: 'shop/p', state: 'firing', value: 2 } }, { atUs: 4 * second, kind: 'alert', alert: { state: 'resolved' } },
  ])
  expect(delivered.map(({ message: { region, at, alert }, to }) => [region, at, alert.state, to])).toEqual([
    ['eu-west', '2001-09-09T01:46:42.000Z', 'firing', [{ kind: 'file', path: 'a.ndjson' }]],
    ['eu-west', '2001-09-09T01:46:44.000Z', 'resolved', [{ kind: 'file', path: 'a.ndjson' }]],
  ])
  alerts.stop()
  expect(isStopped()).toBe(true)
})

test('who heard that an alert began hears that it ended, though its policy is gone', () => {
  const { alerts, delivered, pass } = bed()
  alerts.configure([...shop(1), policy([{ file: 'a.ndjson' }], '1h')])
  pass(1)
  alerts.configure(shop(2))
  pass(0)
  pass(0)
  expect(delivered.map(({ message, to }) => [message.alert.state, to.length])).toEqual([['firing', 1], ['resolved', 1]])
})

test('a configuration without policies is not compiled for them', () => {
  const { alerts, configured } = bed()
  alerts.configure(shop(1))
  expect(configured).toEqual([[]])
})
