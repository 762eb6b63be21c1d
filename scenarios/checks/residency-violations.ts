// Residency fails closed: no request of a locked route may be served by, or even sent to, a region that is not
// allowed. An attempt counts as well as an answer, because the data crossed the border with it.

import { IdIndex } from '../../topologies/history/id-index.ts'
import type { JudgeContext, Tags } from '../judging/context.ts'
import { filterRows } from '../judging/rows.ts'
import type { Sample } from '../judging/sample.ts'
import { formatCount } from '../judging/statistics.ts'
import { examples, seconds, type Metric } from './check.ts'

export const unknownResidency = 'run.json holds no configuration from which residency can be told'

/** The rule and a threshold ask for the same, and going through all attempts is the dearest thing that judging does. */
const measured = new WeakMap<JudgeContext, Map<string, Sample>>()

export const residencyViolations: Metric = {
  measure(context, { region, group, route, phase }) {
    const known = measured.get(context) ?? new Map<string, Sample>()
    measured.set(context, known)
    const key = JSON.stringify([region, group, route, phase])
    const sample = known.get(key) ?? measure(context, { region, group, route, phase })
    known.set(key, sample)
    return sample
  },
}

function measure(context: JudgeContext, { region, group, route, phase }: Tags): Sample {
  const { lawful, history: { requests, attempts } } = context
  if (lawful === null) return { kind: 'unknown', why: unknownResidency }
  const allowed = requests.route.values.map((name) => lawful.get(name)?.allowed ?? null)
  const rows = lockedRows(context, allowed, { group, route, phase })
  const routes = requests.route.codes
  const answerOutside = outside(requests.region.values)
  const answered = filterRows(rows, (row) => answerOutside(row, requests.region.codes[row]))
  const { count, texts } = rows.length === 0 ? { count: 0, texts: [] } : sentOutside()
  return {
    kind: 'counter', count: Math.max(answered.length, count), of: rows.length, seconds: context.seconds({ phase }),
    evidence: [
      `${formatCount(rows.length)} requests of locked routes, ${formatCount(attempts.length)} attempts searched`,
      ...examples(context, answered, (row) => `${requests.route.at(row)} served by ${requests.region.at(row)}`),
      ...texts,
    ],
  }

  /** Whether a region, by its code in a column of these values, is none that the request of a row may go to. */
  function outside(regions: readonly string[]): (row: number, served: number) => boolean {
    const table = allowed.map((list) => Uint8Array.from(regions, (served) =>
      Number(list !== null && served !== '' && (region === undefined || served === region) && !list.includes(served))))
    return (row, served) => table[routes[row]][served] === 1
  }

  function sentOutside(): { count: number; texts: string[] } {
    const { requestId, region: { codes: regions, values } } = attempts
    const byId = new IdIndex(requests.id, rows)
    const isOutside = outside(values)
    const texts: string[] = []
    let count = 0
    for (let i = 0; i < regions.length; i++) {
      const row = byId.find(requestId, i)
      if (row === -1 || !isOutside(row, regions[i])) continue
      if (++count > 5) continue
      texts.push(`${requestId.at(i)} at ${seconds(attempts.startUs[i])}: attempt ${attempts.attempt[i]} of ${attempts.gateway.at(i)} went to ${attempts.region.at(i)}`)
    }
    return { count, texts }
  }
}

/** Rows of locked routes from every source: a witness may not cross the border either. */
function lockedRows(context: JudgeContext, allowed: readonly (string[] | null)[], { group, route, phase }: Tags): Int32Array {
  const { requests } = context.history
  const routes = Uint8Array.from(allowed, (list, code) => Number(list !== null && (route === undefined || requests.route.values[code] === route)))
  const groups = Uint8Array.from(requests.group.values, (name) => Number(group === undefined || name === group))
  const [routeCodes, groupCodes] = [requests.route.codes, requests.group.codes]
  const found = new Int32Array(requests.length)
  let count = 0
  for (let row = 0; row < found.length; row++) {
    if (routes[routeCodes[row]] === 1 && groups[groupCodes[row]] === 1 && (phase === undefined || context.phaseOf(row) === phase)) found[count++] = row
  }
  return found.slice(0, count)
}
