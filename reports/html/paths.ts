// Series to SVG path data. Every series is one path, whatever its length, so that a page of charts stays small and
// quick; strokes do not scale with the box (`vector-effect`), so dots are strokes of no length with round ends.

import { boxHeight, boxWidth, round, type Axis } from './axis.ts'

type Values = readonly (number | null)[]

const centre = (slot: number, count: number): number => round(((slot + 0.5) / count) * boxWidth)
const edge = (slot: number, count: number): number => round((slot / count) * boxWidth)

/** Runs of slots that have a value: [first, one past the last]. */
function runs(values: Values): [number, number][] {
  const found: [number, number][] = []
  for (let from = 0; from < values.length; from++) {
    if (values[from] === null) continue
    let to = from
    while (to < values.length && values[to] !== null) to++
    found.push([from, to])
    from = to
  }
  return found
}

/** Through the slots' centres; a slot alone becomes a dot. */
export function linePath(values: Values, y: Axis): string {
  return runs(values).map(([from, to]) => {
    const points = Array.from({ length: to - from }, (_, index) => `${centre(from + index, values.length)} ${y.at(values[from + index] as number)}`)
    return `M${points.length === 1 ? `${points[0]}h.01` : points.join('L')}`
  }).join('')
}

/** Between two lines over the same slots. */
export function bandPath(low: Values, high: Values, y: Axis): string {
  return runs(low).map(([from, to]) => {
    const up: string[] = []
    const down: string[] = []
    for (let slot = from; slot < to; slot++) {
      const x = centre(slot, low.length)
      up.push(`${x} ${y.at(high[slot] ?? (low[slot] as number))}`)
      down.unshift(`${x} ${y.at(low[slot] as number)}`)
    }
    return `M${up.join('L')}L${down.join('L')}Z`
  }).join('')
}

/** Bars from `base` to `base + values`, a hair apart. */
export function barPath(base: Float64Array, values: Float64Array, y: Axis): string {
  const gap = values.length > 120 ? 0 : 0.12 * (boxWidth / values.length)
  let path = ''
  values.forEach((value, slot) => {
    if (value === 0) return
    const [left, right] = [edge(slot, values.length) + gap, edge(slot + 1, values.length) - gap]
    path += `M${round(left)} ${y.at(base[slot])}V${y.at(base[slot] + value)}H${round(right)}V${y.at(base[slot])}Z`
  })
  return path
}

/** Steps from `base` to `base + values`, both shares of 1: neighbours touch, so that a whole adds up to a filled box. */
export function stepAreaPath(base: Float64Array, values: Float64Array): string {
  let path = ''
  const y = (share: number): number => round((1 - share) * boxHeight)
  for (let slot = 0; slot < values.length; slot++) {
    if (values[slot] === 0) continue
    let to = slot
    let top = `M${edge(slot, values.length)} ${y(base[slot])}`
    let bottom = ''
    for (; to < values.length && values[to] > 0; to++) {
      top += `V${y(base[to] + values[to])}H${edge(to + 1, values.length)}`
      bottom = `H${edge(to, values.length)}${to > slot ? `V${y(base[to - 1])}` : ''}${bottom}`
    }
    path += `${top}V${y(base[to - 1])}${bottom}Z`
    slot = to
  }
  return path
}

/** Dots at points of the box. */
export function dotPath(points: readonly { x: number; y: number }[]): string {
  return points.map(({ x, y }) => `M${x} ${y}h.01`).join('')
}
