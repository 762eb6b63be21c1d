// The reusable buffer that answers leave through: five numbers an effect, no object a request.

import type { EffectBuffer } from './core.ts'

export function makeEffects(): EffectBuffer {
  return { data: new Float64Array(5 * 64), length: 0 }
}

/** Appends one effect; see `Effect` in core.ts for what the four numbers mean. */
export function emit(effects: EffectBuffer, kind: number, a: number, b: number, c: number, d: number): void {
  let at = effects.length * 5
  if (at === effects.data.length) {
    const grown = new Float64Array(at * 2)
    grown.set(effects.data)
    effects.data = grown
  }
  const data = effects.data
  data[at++] = kind
  data[at++] = a
  data[at++] = b
  data[at++] = c
  data[at] = d
  effects.length++
}
