// How a grid of any number of axes lies on a flat page: the first axis across, the second down, and one map for each
// combination of the others.

import type { CellResult, ResultAxis, SweepResult } from '../../scenarios/sweep/result.ts'
import { axisLabel } from '../../scenarios/sweep/axis.ts'

export interface Slice {
  /** Values of the axes that lie on no side of the map, `probe-timeout 1s, regions 3`; '' when there are none. */
  title: string
  across: ResultAxis
  /** null when the sweep has one axis. */
  down: ResultAxis | null
  /** By row, then column. */
  rows: { label: string; cells: CellResult[] }[]
}

export function slicesOf({ axes, cells }: SweepResult): Slice[] {
  const [across, down, ...others] = axes
  const groups = Map.groupBy(cells, ({ at }) => at.slice(2).join(' '))
  return [...groups.values()].map((group) => {
    const { at } = group[0]
    const lines = Map.groupBy(group, (cell) => cell.at[1] ?? 0)
    return {
      title: others.map((axis, index) => `${axis.name} ${valueLabel(axis, at[index + 2])}`).join(', '),
      across, down: down ?? null,
      rows: [...lines].toSorted(([a], [b]) => a - b).map(([row, inRow]) => ({
        label: down === undefined ? '' : valueLabel(down, row), cells: inRow.toSorted((a, b) => a.at[0] - b.at[0]),
      })),
    }
  })
}

/** `20/s`, `250ms`. */
export function valueLabel(axis: ResultAxis, index: number): string {
  return axisLabel(axis.unit, axis.values[index])
}
