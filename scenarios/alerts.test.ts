// Verdicts on alerts: told in time, too late, for nothing, or by nobody; and over in time or not.

import { describe, expect, it } from 'vitest'
import type { HistoryEvent } from '../topologies/history.ts'
import { checkOf, fixture, judgeFixture, times, type Fixture } from './judging.case.ts'
import type { VerdictValue } from './verdict.ts'

const policy = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'AlertPolicy', metadata: { name: 'shop', namespace: 'shop' },
  spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }], rules: [{ name: 'storm', kind: 'failover-storm' }] },
}

type Told = [afterMs: number, state: 'firing' | 'resolved', plane?: string, region?: string]

const told = ([afterMs, state, plane = 'control-plane/us-east', region = 'eu-west']: Told): HistoryEvent => ({
  atUs: times.fault + afterMs * 1000, source: plane, kind: 'alert',
  alert: {
    rule: 'storm', kind: 'failover-storm', policy: 'shop/shop', severity: 'page', state, labels: { region }, value: 2, bound: 2, unit: 'gateways',
    summary: `2 gateways turned away from region ${region}`, gateways: ['edge/frankfurt', 'gateway/us-east'],
  },
})

/** The fault is healed 6.003 s after it began, and the run ends at 11 s. */
function alerted(...alerts: Told[]): Fixture {
  const made = fixture()
  made.run.config!.push(policy)
  made.events.push(...alerts.map(told))
  return made
}

async function judged(made: Fixture, metric: string, condition: string) {
  made.run.plan.scenario.thresholds = { [metric]: [condition] }
  return checkOf(await judgeFixture(made), metric)
}

describe('alerts', () => {
  it.each<[string, string, string, VerdictValue, number | null, RegExp, Fixture]>([
    ['the first that any plane fires counts', 'alert_reaction_time', 'max<2s', 'pass', 1_200, /storm after 1.2 s, control-plane\/us-east: 2 gateways/, alerted([1_200, 'firing'], [3_000, 'firing', 'control-plane/ap-south'])],
    ['too late', 'alert_reaction_time', 'max<1s', 'fail', 1_200, /after 1.2 s/, alerted([1_200, 'firing'])],
    ['never', 'alert_reaction_time', 'max<5s', 'fail', null, /no alert fired/, alerted()],
    ['before the fault is not because of it', 'alert_reaction_time', 'max<5s', 'fail', null, /no alert fired/, alerted([-500, 'firing'])],
    ['nobody watches', 'alert_reaction_time', 'max<5s', 'inconclusive', null, /no AlertPolicy/, fixture()],
    ['over in time', 'alert_recovery_time', 'max<3s', 'pass', 2_000, /1 alerts over 2(\.00?)? s after the healing/, alerted([1_200, 'firing'], [8_003, 'resolved'])],
    ['over too late', 'alert_recovery_time', 'max<1s', 'fail', 2_000, /2 alerts over/, alerted([1_200, 'firing'], [1_300, 'firing', 'control-plane/ap-south'], [2_000, 'resolved'], [8_003, 'resolved', 'control-plane/ap-south'])],
    ['over before the healing', 'alert_recovery_time', 'max<1s', 'pass', 0, /over 0 ms/, alerted([1_200, 'firing'], [3_000, 'resolved'])],
    ['fired anew after the healing, and over', 'alert_recovery_time', 'max<4s', 'pass', 3_500, /2 alerts/, alerted([1_200, 'firing'], [3_000, 'resolved'], [7_000, 'firing'], [9_503, 'resolved'])],
    ['not over within the run, which was long enough to tell', 'alert_recovery_time', 'max<3s', 'fail', null, /not all over 4\.997 s after/, alerted([1_200, 'firing'])],
    ['not over within the run, which was not', 'alert_recovery_time', 'max<60s', 'inconclusive', null, /both sides/, alerted([1_200, 'firing'])],
    ['none fired', 'alert_recovery_time', 'max<3s', 'inconclusive', null, /no alert fired/, alerted()],
    ['none for nothing', 'false_alerts', 'count==0', 'pass', 0, /2 alerts, 0 without a fault/, alerted([1_200, 'firing'], [8_000, 'firing', 'control-plane/ap-south'])],
    ['one for nothing', 'false_alerts', 'count==0', 'fail', 1, /storm at 5.500 s, control-plane\/us-east/, alerted([-500, 'firing'], [1_200, 'firing', 'control-plane/ap-south'])],
    ['nobody watches', 'false_alerts', 'count==0', 'inconclusive', null, /no AlertPolicy/, fixture()],
  ])('%s: %s %s is %s', async (_why, metric, condition, verdict, observed, evidence, made) => {
    const check = await judged(made, metric, condition)
    expect([check.verdict, check.observed, check.evidence.join('\n')]).toEqual([verdict, observed, expect.stringMatching(evidence)])
  })
})
