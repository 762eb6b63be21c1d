// Residency fails closed: no request of a locked route may be served by, or even sent to, a region that is not
// allowed. An attempt counts as well as an answer, because the data crossed the border with it.

import { formatCount } from '../judging/statistics.ts'
import { examples, seconds, type Metric } from './check.ts'

export const unknownResidency = 'run.json holds no configuration from which residency can be told'

export const residencyViolations: Metric = {
  measure(context, { region, group, route, phase }) {
    const { lawful, history: { requests, attempts } } = context
    if (lawful === null) return { kind: 'unknown', why: unknownResidency }
    const allowed = requests.route.values.map((name) => lawful.get(name)?.allowed ?? null)
    const rows = locked(phase).filter((row) => (group === undefined || requests.group.at(row) === group) && (route === undefined || requests.route.at(row) === route))
    const outside = (row: number, served: string): boolean =>
      served !== '' && (region === undefined || served === region) && !(allowed[requests.route.codes[row]] as string[]).includes(served)
    const answered = rows.filter((row) => outside(row, requests.region.at(row)))
    const byId = new Map(rows.map((row) => [requests.id.at(row), row]))
    const sent: string[] = []
    for (let i = 0; byId.size > 0 && i < attempts.length; i++) {
      const row = byId.get(attempts.requestId.at(i))
      if (row !== undefined && outside(row, attempts.region.at(i))) {
        sent.push(`${attempts.requestId.at(i)} at ${seconds(attempts.startUs[i])}: attempt ${attempts.attempt[i]} of ${attempts.gateway.at(i)} went to ${attempts.region.at(i)}`)
      }
    }
    return {
      kind: 'counter', count: Math.max(answered.length, sent.length), of: rows.length, seconds: context.seconds(phase),
      evidence: [
        `${formatCount(rows.length)} requests of locked routes, ${formatCount(attempts.length)} attempts searched`,
        ...examples(context, answered, (row) => `${requests.route.at(row)} served by ${requests.region.at(row)}`),
        ...sent.slice(0, 5),
      ],
    }

    /** Rows of locked routes from every source: a witness may not cross the border either. */
    function locked(phase: string | undefined): number[] {
      const found: number[] = []
      for (let row = 0; row < requests.length; row++) {
        if (allowed[requests.route.codes[row]] !== null && (phase === undefined || context.phaseOf(row) === phase)) found.push(row)
      }
      return found
    }
  },
}
