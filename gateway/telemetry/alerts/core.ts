// The evaluating core: rules watch reports, and what they see becomes alerts that begin and end. Pure: it is told what time it
// is. An alert fires once what is seen was seen for `forUs` without a break, and ends once nothing was seen for
// `keepFiringForUs`, so however what it watches comes and goes, it cannot flap faster than that.
//
//   report ─first time?─► watch of each rule        tick ─► findings ─► pending ─► firing ─► resolved

import type { AlertCore, AlertEvent, AlertRule, AlertRules } from './alert.ts'
import { alertKindOf } from './index.ts'
import type { Finding, Watch } from './kind.ts'
import { routeScope } from './scope.ts'
import { createSequence } from './sequence.ts'

/** One rule of one policy, what it has seen, and its alerts by their labels. */
interface Watched { policy: string; rule: AlertRule; /** What the watch was made of. */ of: string; watch: Watch; alerts: Map<string, Alert> }

interface Alert { finding: Finding; sinceUs: number; seenUs: number; firing: boolean }

export function createAlertCore(): AlertCore {
  let watched = new Map<string, Watched>()
  /** Alerts of rules that are gone: they resolve at the next tick. */
  let gone: AlertEvent[] = []
  const sequence = createSequence()

  return {
    configure(policies) {
      const next = new Map(policies.flatMap((policy) => policy.rules.map((rule): [string, Watched] => {
        const key = JSON.stringify([policy.policy, rule.name])
        return [key, keep(watched.get(key), policy, rule)]
      })))
      for (const [key, before] of watched) if (next.get(key)?.alerts !== before.alerts) gone.push(...firingOf(before).map(resolved))
      watched = next
    },
    report(report, nowUs) {
      if (!sequence.first(report)) return
      for (const { watch } of watched.values()) watch.report(report, nowUs)
    },
    tick(nowUs, wallMs) {
      const events = gone
      gone = []
      for (const one of watched.values()) step(one, one.watch.findings(nowUs, wallMs), nowUs, events)
      return events
    },
    firing: () => [...watched.values()].flatMap(firingOf),
  }
}

/** What a rule has seen stays while it looks for the same; its alerts stay as long as it is of the same kind. */
function keep(before: Watched | undefined, { policy, routes }: AlertRules, rule: AlertRule): Watched {
  const of = JSON.stringify([rule.kind, rule.parameters, routes])
  const alerts = before?.rule.kind === rule.kind ? before.alerts : new Map<string, Alert>()
  if (before?.of === of) return { ...before, rule }
  const kind = alertKindOf(rule.kind)
  return { policy, rule, of, alerts, watch: kind.watch(rule.parameters as never, routeScope(routes)) }
}

function step(watched: Watched, findings: readonly Finding[], nowUs: number, events: AlertEvent[]): void {
  const { rule, alerts } = watched
  for (const finding of findings) {
    const key = JSON.stringify(finding.labels)
    const alert = alerts.get(key) ?? { finding, sinceUs: nowUs, seenUs: nowUs, firing: false }
    alert.finding = finding
    alert.seenUs = nowUs
    alerts.set(key, alert)
    if (alert.firing || nowUs - alert.sinceUs < rule.forUs) continue
    alert.firing = true
    events.push(eventOf(watched, alert))
  }
  for (const [key, alert] of alerts) {
    if (alert.seenUs === nowUs) continue
    if (!alert.firing) alerts.delete(key)
    else if (nowUs - alert.seenUs >= rule.keepFiringForUs) {
      alerts.delete(key)
      events.push(resolved(eventOf(watched, alert)))
    }
  }
}

function firingOf(watched: Watched): AlertEvent[] {
  return [...watched.alerts.values()].filter(({ firing }) => firing).map((alert) => eventOf(watched, alert))
}

function eventOf({ policy, rule }: Watched, { finding }: Alert): AlertEvent {
  return { rule: rule.name, kind: rule.kind, policy, severity: rule.severity, state: 'firing', ...finding }
}

function resolved(event: AlertEvent): AlertEvent {
  return { ...event, state: 'resolved' }
}
