// What can be swept over: a number with a name and a unit, and a pure function that puts a value of it into a subject.

import { z } from 'zod'
import { durationUs, formatDuration } from '../../gateway/config/duration.ts'
import type { Subject } from './subject.ts'

export interface Axis {
  readonly name: string
  readonly description: string
  /** Values of `duration` are milliseconds, of `share` 0 to 1, of `rate` requests a second. */
  readonly unit: AxisUnit
  /** Pure. Throws CodedError RGT_SWEEP_AXIS for a value that this subject cannot take. */
  apply(subject: Subject, value: number): Subject
}

export const axisUnits = ['duration', 'count', 'share', 'rate', 'factor'] as const
export type AxisUnit = (typeof axisUnits)[number]

/** A value as people write it; a number after parsing. Whether the gateway takes it is asked of the gateway's own schema. */
export const axisValue: Record<AxisUnit, z.ZodType<number, string | number>> = {
  duration: durationUs.transform((us) => us / 1000),
  count: z.int().min(0),
  share: z.number().min(0).max(1),
  rate: z.number().positive().max(1_000_000),
  factor: z.number().positive(),
}

/** As people write it, and as it reads back: `250ms`, `5`, `0.2`. */
export function formatAxisValue(unit: AxisUnit, value: number): string {
  return unit === 'duration' ? formatDuration(value * 1000) : String(value)
}

/** For headings: `250 ms` stays as it was written, rates and factors say what they are. */
export function axisLabel(unit: AxisUnit, text: string): string {
  return unit === 'rate' ? `${text}/s` : unit === 'factor' ? `× ${text}` : text
}
