// Which regions usually answer a gateway's requests for a route: those with a twentieth of what was answered lately, half
// as much weighing what is ten minutes old. It learns only while the usual ones answer, or nothing would be a failover
// once it has lasted a minute; what lasts longer than `acceptUs` is accepted. For its first `learnUs` it only learns: traffic that
// has just begun is not complete.

/** Smaller shares are strays: probes, hedges, a single retry. */
const usualShare = 0.05
const halfLifeUs = 600_000_000
/** Before so many requests were seen, nothing is known to be usual. */
const minLearned = 20
/** Gateways × routes; beyond that the one that was silent longest is forgotten. */
const maxCells = 5_000

interface Cell { weights: Map<string, number>; sinceUs: number; atUs: number; /** Since when mostly others answered; -1 = they do not. */ strangeSinceUs: number }

export interface UsualRegions {
  /** Of what was answered now: how many could be judged, and how many of these came from a region that is not usual. */
  learn(cell: string, answered: ReadonlyMap<string, number>, nowUs: number): { known: number; moved: number }
}

export function createUsualRegions(acceptUs: number, learnUs: number): UsualRegions {
  const cells = new Map<string, Cell>()
  return {
    learn(key, answered, nowUs) {
      const cell = cells.get(key) ?? { weights: new Map<string, number>(), sinceUs: nowUs, atUs: nowUs, strangeSinceUs: -1 }
      cells.delete(key)
      cells.set(key, cell)
      if (cells.size > maxCells) cells.delete(cells.keys().next().value!)

      let learned = 0
      for (const weight of cell.weights.values()) learned += weight
      let total = 0
      let moved = 0
      for (const [region, count] of answered) {
        total += count
        if ((cell.weights.get(region) ?? 0) < usualShare * learned) moved += count
      }
      if (learned < minLearned || nowUs - cell.sinceUs < learnUs) {
        absorb(cell, answered, nowUs)
        return { known: 0, moved: 0 }
      }
      if (moved * 2 <= total) {
        cell.strangeSinceUs = -1
        absorb(cell, answered, nowUs)
      } else if (cell.strangeSinceUs < 0) {
        cell.strangeSinceUs = nowUs
      } else if (nowUs - cell.strangeSinceUs >= acceptUs) {
        cell.weights.clear()
        cell.strangeSinceUs = -1
        absorb(cell, answered, nowUs)
      }
      return { known: total, moved }
    },
  }
}

function absorb(cell: Cell, answered: ReadonlyMap<string, number>, nowUs: number): void {
  const kept = 0.5 ** (Math.max(0, nowUs - cell.atUs) / halfLifeUs)
  for (const [region, weight] of cell.weights) {
    if (weight * kept < 1e-3) cell.weights.delete(region)
    else cell.weights.set(region, weight * kept)
  }
  for (const [region, count] of answered) cell.weights.set(region, (cell.weights.get(region) ?? 0) + count)
  cell.atUs = Math.max(cell.atUs, nowUs)
}
