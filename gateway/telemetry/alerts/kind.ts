// The port of rule kinds: a kind says what may be written, watches reports for it, and says the same thing in PromQL. One
// file a kind; the registry is index.ts. Kinds hold no clock: times are the plane's, handed in.

import { z } from 'zod'
import { durationUs } from '../../config/duration.ts'
import type { TelemetryReport } from '../red/report.ts'
import type { AlertEvent } from './alert.ts'
import type { PromExpression, PromScope, Unsaid } from './promql.ts'
import type { RouteScope } from './scope.ts'

export interface AlertKind<Schema extends z.ZodObject = z.ZodObject> {
  /** Registry key = file name. */
  readonly kind: string
  /** One line for people. */
  readonly description: string
  /** `routes`: about requests, narrowed by the policy's targets. `gateways`: about gateways, so only policies on a Gateway may hold it. */
  readonly about: 'routes' | 'gateways'
  /** What may be written beside `name`, `kind`, `severity`, `for` and `keepFiringFor`; strict. */
  readonly parameters: Schema
  watch(parameters: z.output<Schema>, scope: RouteScope): Watch
  /** The same in PromQL. */
  promql(parameters: z.output<Schema>, scope: PromScope): PromExpression | Unsaid
}

/** What one rule has seen. Memory is bounded whatever reports say. */
export interface Watch {
  /** Reports come in any order, none twice. `nowUs` is when it arrived. */
  report(report: TelemetryReport, nowUs: number): void
  /** What is over its bound now, each labels once. */
  findings(nowUs: number, wallMs: number): readonly Finding[]
}

export type Finding = Pick<AlertEvent, 'labels' | 'value' | 'bound' | 'unit' | 'summary' | 'gateways'>

/** Infers the parameters' type inside a file; the registry keeps it for typed authoring. */
export function defineAlert<Schema extends z.ZodObject>(kind: AlertKind<Schema>): AlertKind<Schema> {
  return kind
}

/** A gateway that told nothing for so long is not asked any more about the state that it was in. */
export const staleUs = 10_000_000

const secondUs = 1_000_000
const hourUs = 3_600 * secondUs

/** A window of time: at least a second, because reports come each second; at most thirty days. */
export const windowUs = durationUs.refine((us) => us >= secondUs && us <= 720 * hourUs, {
  message: 'is no window that reports fill', params: { expected: '1s to 720h' },
})

/** Labels that make one alert of their own each. */
export const by = (...standard: string[]) => z.array(
  z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, 'a label of RED metrics: route, tenant, region, protocol, or one of a MetricsPolicy'),
).max(6).default(standard).describe('Labels of RED metrics that make an alert of its own each; none = one alert for all.')
