// Which regions gateways turn away from just now, by what each of them told last. A gateway that fell silent is not asked.

import type { TelemetryReport } from '../red/report.ts'
import { staleUs } from './kind.ts'

interface Told { atUs: number; toUs: number; draining: readonly string[] }

const maxGateways = 1_000

export interface RegionsSeen {
  report(report: Pick<TelemetryReport, 'gateway' | 'regions' | 'toUs'>, nowUs: number): void
  /** Regions with the gateways that drain them, by name. */
  regions(nowUs: number): { region: string; seenBy: string[] }[]
}

export function createRegionsSeen(): RegionsSeen {
  const gateways = new Map<string, Told>()
  return {
    report({ gateway, regions, toUs }, nowUs) {
      const held = gateways.get(gateway)
      // A late report tells how it was; after a restart on another machine the clock may stand lower, for as long as this is fresh.
      if (held !== undefined && held.toUs > toUs && nowUs - held.atUs <= staleUs) return
      gateways.set(gateway, { atUs: nowUs, toUs, draining: regions.filter(({ state }) => state === 'draining').map(({ region }) => region) })
      if (gateways.size > maxGateways) gateways.delete(gateways.keys().next().value!)
    },
    regions(nowUs) {
      const seen = new Map<string, string[]>()
      for (const [gateway, { atUs, draining }] of gateways) {
        if (nowUs - atUs > staleUs) gateways.delete(gateway)
        else for (const region of draining) seen.set(region, [...(seen.get(region) ?? []), gateway])
      }
      return [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([region, seenBy]) => ({ region, seenBy: seenBy.sort() }))
    },
  }
}
