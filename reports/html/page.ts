// What every part of the page is made from, worked out once: the judged run, its colours, its slots of time, and
// the numbers that tooltips read out.

import { judgeContext, type JudgeContext } from '../../scenarios/judging/context.ts'
import type { ReportInput } from '../report.ts'
import { paletteOf, type Palette } from './palette.ts'
import { frameOf, type Frame } from './panel.ts'
import { phaseSlots, timeSlots, type TimeSlots } from './series.ts'

/** One line of a tooltip: a value a slot. */
export interface Readout { label: string; tone: string; unit: 'ms' | 'count' | 'share'; values: (number | null)[] }

export interface Page extends ReportInput {
  context: JudgeContext
  palette: Palette
  slots: TimeSlots
  phaseSlots: ReturnType<typeof phaseSlots>
  frame: Frame
  /** By panel. */
  readouts: Record<string, Readout[]>
  /** Charts that are no series of slots put what they need here, by panel. */
  points: Record<string, { at: number; top: number; text: string; tone: string }[]>
  /** Name under which a region is drawn: its own, or one for all that have no colour. */
  drawnAs(region: string): string
}

export const otherRegions = 'other regions'

export function pageOf(input: ReportInput): Page {
  const context = judgeContext(input.run, input.history)
  const palette = paletteOf(input)
  const slots = timeSlots(context)
  return {
    ...input, context, palette, slots, phaseSlots: phaseSlots(context), frame: frameOf(context, slots.fromUs, slots.toUs), readouts: {}, points: {},
    drawnAs: (region) => (palette.own.includes(region) ? region : otherRegions),
  }
}

/** Three significant digits are more than a tooltip needs, and keep the file small. */
export function readable(values: ArrayLike<number | null>): (number | null)[] {
  return Array.from(values, (value) => (value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(3))))
}
