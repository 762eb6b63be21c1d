// Scales and ticks. Positions are in a box of 1000 × 100 that the browser stretches to whatever room there is;
// text never lies in that box, or it would be stretched too.

export const boxWidth = 1000
export const boxHeight = 100

export interface Axis {
  /** Position of a value in the box. Outside values are held at its edges. */
  at(value: number): number
  ticks: { value: number; label: string }[]
}

/** Steps of 1, 2, 5 × 10ⁿ: about `wanted` of them from `from` to `to`. */
export function stepFor(span: number, wanted: number): number {
  const rough = span / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10)
}

/** Seconds along the run; `zeroUs` is where the labels count from. */
export function timeAxis(fromUs: number, toUs: number, zeroUs: number, wanted = 10): Axis {
  const spanUs = Math.max(1, toUs - fromUs)
  const stepUs = Math.max(stepFor(spanUs / 1e6, wanted) * 1e6, 1000)
  const digits = Math.max(0, -Math.floor(Math.log10(stepUs / 1e6) + 1e-9))
  const ticks: Axis['ticks'] = []
  for (let index = Math.ceil((fromUs - zeroUs) / stepUs - 1e-6); zeroUs + index * stepUs <= toUs + 1; index++) {
    ticks.push({ value: zeroUs + index * stepUs, label: `${signed((index * stepUs) / 1e6, digits)} s` })
  }
  return { at: (us) => round(clamp((us - fromUs) / spanUs) * boxWidth), ticks }
}

/** From 0 at the bottom to at least `most` at the top; counts ask for steps of at least 1. */
export function linearAxis(most: number, label: (value: number) => string, leastStep = 0): Axis {
  const step = Math.max(leastStep, stepFor(Math.max(most, 1e-9), 3))
  const top = Math.max(step, Math.ceil(most / step - 1e-9) * step)
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => ({ value: index * step, label: label(index * step) }))
  return { at: (value) => round((1 - clamp(value / top)) * boxHeight), ticks }
}

/** Decades with their 2 and 5: good for latencies, where 20 ms and 2 s both matter. */
export function logAxis(least: number, most: number, label: (value: number) => string): Axis {
  const stops: number[] = []
  for (let power = -3; power < 7; power++) for (const factor of [1, 2, 5]) stops.push(factor * 10 ** power)
  const low = stops.findLast((stop) => stop <= least * 0.95) ?? stops[0]
  const high = stops.find((stop) => stop >= most * 1.05) ?? stops[stops.length - 1]
  const span = Math.log(high / low)
  const inside = stops.filter((stop) => stop >= low && stop <= high)
  const decades = inside.filter((stop) => Math.abs(Math.log10(stop) - Math.round(Math.log10(stop))) < 1e-9)
  const shown = inside.length <= 6 ? inside : decades.length >= 3 ? decades : inside.filter((_, index) => index % 2 === 0)
  return {
    at: (value) => round((1 - clamp(Math.log(Math.max(value, 1e-9) / low) / span)) * boxHeight),
    ticks: shown.map((value) => ({ value, label: label(value) })),
  }
}

/** Two decimals of a box unit: finer than a pixel on any screen. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share))
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  return Number(text) === 0 ? '0' : value < 0 ? `−${text}` : `+${text}`
}
