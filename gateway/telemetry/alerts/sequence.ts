// Which reports were counted already. Reports come late, twice, or from a gateway that was started again and counts from 1
// anew; a gateway's clock may start again too. What tells one report from every other is its number with the end of its time.

import type { TelemetryReport } from '../red/report.ts'

/** Reports of a gateway that are remembered: a repetition within as many seconds is found. */
const remembered = 128
/** Gateways that are remembered; beyond that the one that was silent longest is forgotten. */
const maxGateways = 1_000

interface Known { numbers: Float64Array; ends: Float64Array; next: number }

/** Says of each report whether it is the first time that it is shown. */
export function createSequence(): { first(report: Pick<TelemetryReport, 'gateway' | 'sequence' | 'toUs'>): boolean } {
  const gateways = new Map<string, Known>()
  return {
    first({ gateway, sequence, toUs }) {
      const known = gateways.get(gateway) ?? { numbers: new Float64Array(remembered), ends: new Float64Array(remembered), next: 0 }
      const filled = Math.min(known.next, remembered)
      for (let slot = 0; slot < filled; slot++) if (known.numbers[slot] === sequence && known.ends[slot] === toUs) return false
      known.numbers[known.next % remembered] = sequence
      known.ends[known.next % remembered] = toUs
      known.next++
      // A map keeps the order of insertion: the gateway that spoke last stands last.
      gateways.delete(gateway)
      gateways.set(gateway, known)
      if (gateways.size > maxGateways) gateways.delete(gateways.keys().next().value!)
      return true
    },
  }
}
