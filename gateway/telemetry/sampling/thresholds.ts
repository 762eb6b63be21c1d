// Probability ↔ rejection threshold ↔ hex digits of `ot=th`, by OpenTelemetry's "TraceState: probability sampling": a trace is
// kept when its randomness R is not below the threshold T. Here both are the upper 48 of 56 bits, which a double holds exactly.

import { thresholdRange } from './sampler.ts'

/** Hex digits of 48 bits. */
const digits = 12
/** Significant hex digits of a probability: within 0.02 % of what was asked for, and short on the wire. */
const precision = 4

/**
 * T = (1 − p) · 2^48, rounded to `precision` hex digits after those that are `f`: what the specification suggests, so that small
 * probabilities stay as exact as large ones. Never rises while `probability` (0 to 1) does. Does not allocate.
 */
export function thresholdOf(probability: number): number {
  if (!(probability > 0)) return thresholdRange
  if (probability >= 1) return 0
  let unit = thresholdRange / 16 ** precision
  for (let whole = 1 / 16; probability < whole && unit > 1; whole /= 16) unit /= 16
  // Of what is kept, not of what is rejected: near 1 the difference would lose digits of a small probability.
  return thresholdRange - Math.round((probability * thresholdRange) / unit) * unit
}

export function probabilityOf(threshold: number): number {
  return 1 - threshold / thresholdRange
}

/** As `th` has it: trailing noughts removed, `0` keeps all. '' for a threshold that keeps none: the specification has no word for it. */
export function thresholdText(threshold: number): string {
  if (threshold <= 0) return '0'
  if (threshold >= thresholdRange) return ''
  return threshold.toString(16).padStart(digits, '0').replace(/0+$/, '')
}

/** 1 to 14 lower-case hex digits, missing ones are noughts; null: it is none. What is finer than 48 bits is rounded to keep less. */
export function parseThreshold(text: string): number | null {
  if (!/^[0-9a-f]{1,14}$/.test(text)) return null
  const padded = text.padEnd(digits + 2, '0')
  return Number.parseInt(padded.slice(0, digits), 16) + (padded.endsWith('00') ? 0 : 1)
}

/**
 * The upper 48 bits of a trace's randomness: of explicit randomness `rv` (14 hex digits) where there is one, else of the last
 * 56 bits of the trace id (W3C trace context level 2, section 3.2.2.3: they are random).
 */
export function randomnessOf(traceId: string, explicit: string): number {
  return explicit === '' ? Number.parseInt(traceId.slice(18, 30), 16) : Number.parseInt(explicit.slice(0, digits), 16)
}

/** Whether a trace is kept. */
export function isKept(randomness: number, threshold: number): boolean {
  return randomness >= threshold
}
