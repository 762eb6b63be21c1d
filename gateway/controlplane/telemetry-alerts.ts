// Turns the alerts of a plane once a second: what begins or ends to fire is told as evidence, and to whom its policy names.

import { alertRules } from '../config/alerts.ts'
import type { Clock, Evidence, Scheduler } from '../ports.ts'
import type { AlertDelivery, AlertCore } from '../telemetry/alerts/alert.ts'
import type { AlertDeliveries } from './alert-delivery.ts'
import { documentKey } from './documents.ts'
import { sourceOf } from './messages.ts'
import type { ConfigDocument } from './protocol.ts'
import type { PlaneTelemetry } from './telemetry.ts'

const tickMs = 1000

export interface AlertTurning {
  region: string
  core: Pick<AlertCore, 'configure'>
  telemetry: Pick<PlaneTelemetry, 'tick'>
  deliveries: Pick<AlertDeliveries, 'deliver'>
  /** Unix time less the plane's clock. */
  unixOffsetUs: number
  clock: Clock
  scheduler: Scheduler
  evidence: Evidence
}

export interface Alerts {
  /** The configuration in force, which was validated. */
  configure(documents: Iterable<ConfigDocument>): void
  stop(): void
}

export function turnAlerts({ region, core, telemetry, deliveries, unixOffsetUs, clock, scheduler, evidence }: AlertTurning): Alerts {
  /** By policy. */
  let receivers = new Map<string, readonly AlertDelivery[]>()
  /** Of policies that are gone: whoever heard that an alert began hears that it ended. */
  let gone = new Map<string, readonly AlertDelivery[]>()
  const stop = scheduler.every(tickMs, () => {
    const nowUs = clock.nowUs()
    for (const alert of telemetry.tick(nowUs)) {
      evidence.event({ atUs: nowUs, kind: 'alert', alert })
      const at = new Date((nowUs + unixOffsetUs) / 1000).toISOString()
      deliveries.deliver({ apiVersion: 'regatta.dev/v1alpha1', kind: 'Alert', region, at, alert }, receivers.get(alert.policy) ?? gone.get(alert.policy) ?? [])
    }
    gone = new Map()
  })
  return {
    configure(documents) {
      const all = [...documents]
      const policies = all.some(({ kind }) => kind === 'AlertPolicy') ? alertRules(all.map((document) => sourceOf(document, documentKey(document)))) : []
      core.configure(policies)
      gone = new Map([...gone, ...receivers])
      receivers = new Map(policies.map(({ policy, deliver }) => [policy, deliver]))
    },
    stop,
  }
}
