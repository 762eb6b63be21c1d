// Merged series of the last minute, five minutes and hour, and since the start. Bounded: beyond so many sets of labels what is
// new is counted together, so sums stay exact.

import { addSeries, labelKey, mergeSeriesLists, type SeriesMap } from '../telemetry/red/merge.ts'
import type { RedLabels, RedSeries } from '../telemetry/red/report.ts'
import { gatewayOverflow } from '../telemetry/red/series-set.ts'
import { createRing } from './telemetry-ring.ts'
import type { WindowName } from './telemetry-view.ts'

const windowSeconds: Readonly<Record<WindowName, number>> = { '1m': 60, '5m': 300, '1h': 3600 }
export const windowNames = Object.keys(windowSeconds) as WindowName[]

export interface Windows {
  add(series: readonly RedSeries[], nowUs: number): void
  read(window: WindowName, nowUs: number): RedSeries[]
  /** Since the plane was started. */
  totals(): RedSeries[]
}

/** `maxSeries`: of one slot of a window, and of the totals. */
export function createWindows(maxSeries = 5_000): Windows {
  const makeRing = (window: WindowName) => createRing<SeriesMap>(windowSeconds[window], () => new Map())
  const rings = { '1m': makeRing('1m'), '5m': makeRing('5m'), '1h': makeRing('1h') } satisfies Record<WindowName, unknown>
  const totals: SeriesMap = new Map()
  return {
    add(series, nowUs) {
      for (const held of [totals, ...windowNames.map((window) => rings[window].at(nowUs))]) addAll(held, series, maxSeries)
    },
    read: (window, nowUs) => mergeSeriesLists(rings[window].within(nowUs).map((held) => [...held.values()])),
    totals: () => [...totals.values()],
  }
}

function addAll(held: SeriesMap, series: readonly RedSeries[], maxSeries: number): void {
  for (const one of series) {
    const key = labelKey(one.labels)
    if (held.has(key) || held.size < maxSeries) addSeries(held, one, one.labels, key)
    else addSeries(held, one, placeIn(held, one.labels))
  }
}

/** With what has overflowed of its route where that is held already, else with all that has no place. */
function placeIn(held: SeriesMap, { route, tenant, region, protocol }: RedLabels): RedLabels {
  const ofRoute = { route, tenant, region, protocol, overflow: 'true' }
  return held.has(labelKey(ofRoute)) ? ofRoute : gatewayOverflow
}
