// Loops over row numbers. Plain ones, because the built-in `filter`, `reduce` and `from` of typed arrays cost ten times
// as much a row, and rows may be millions.

export function countRows(rows: Int32Array, is: (row: number) => boolean): number {
  let count = 0
  for (let i = 0; i < rows.length; i++) if (is(rows[i])) count++
  return count
}

export function filterRows(rows: Int32Array, is: (row: number) => boolean): Int32Array {
  const kept = new Int32Array(rows.length)
  let count = 0
  for (let i = 0; i < rows.length; i++) if (is(rows[i])) kept[count++] = rows[i]
  return count === rows.length ? kept : kept.slice(0, count)
}

/** One value a row. */
export function valuesOf(rows: Int32Array, of: (row: number) => number): Float64Array {
  const values = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) values[i] = of(rows[i])
  return values
}
