// One colour a region through the whole page, so that eyes can follow traffic from chart to chart. Red, amber and
// green are kept for outcomes and verdicts. More regions than colours: the ones that matter get them, the rest are grey.

import type { ReportInput } from '../report.ts'

export interface Palette {
  /** Class that sets `--c`: `c0` to `c6`, or `cx` for a region without a colour of its own. */
  of(region: string): string
  /** Regions with a colour of their own, in the topology's order. */
  own: string[]
}

export const colours = 7

/** Regions under a fault come first, then by requests served. */
export function paletteOf({ run, history: { requests } }: ReportInput): Palette {
  const names = run.plan.topology.regions.map(({ name }) => name)
  const faulted = new Set(run.plan.faults.flatMap(({ paths }) => paths.map(({ region }) => region)))
  const served = new Map<string, number>()
  for (let row = 0; row < requests.length; row++) served.set(requests.region.at(row), (served.get(requests.region.at(row)) ?? 0) + 1)
  const weight = (name: string): number => (faulted.has(name) ? 1e12 : 0) + (served.get(name) ?? 0)
  const chosen = new Set(names.length <= colours ? names : names.toSorted((a, b) => weight(b) - weight(a)).slice(0, colours))
  const own = names.filter((name) => chosen.has(name))
  return { own, of: (region) => (chosen.has(region) ? `c${own.indexOf(region)}` : 'cx') }
}
