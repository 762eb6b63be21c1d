// The part of the control plane's HTTP face that is about telemetry: gateways post their reports, people and scrapers read what
// has become of them.

import type { IncomingMessage } from 'node:http'
import { gatewayError } from '../errors.ts'
import { contentTypes, expose, formatFor } from '../telemetry/exposition.ts'
import type { Reply } from './server.ts'
import { parseReport } from './telemetry-messages.ts'
import type { PlaneTelemetry } from './telemetry.ts'

/** Two thousand series that all had traffic are about three million bytes. */
export const maxReportBytes = 16 * 1024 * 1024

/** Throws CodedErrors of RGT_TELEMETRY_REPORT. */
export function takeReport(telemetry: PlaneTelemetry, body: string, nowUs: number): Reply {
  telemetry.report(parseReport(body), nowUs)
  return { status: 204, body: null }
}

/** As JSON (a TelemetryView), or with `?format=prometheus` as text: with exemplars for whoever accepts OpenMetrics. */
export async function readTelemetry(telemetry: PlaneTelemetry, request: IncomingMessage, query: URLSearchParams, nowUs: number): Promise<Reply> {
  const format = query.get('format') ?? 'json'
  if (format === 'json') return { status: 200, body: telemetry.view(nowUs) }
  if (format !== 'prometheus') {
    throw gatewayError('RGT_NO_ROUTE', 'telemetry is not told in that format', { expected: 'json or prometheus', found: format })
  }
  const page = formatFor(request.headers.accept)
  return { status: 200, body: await expose(telemetry.metrics(nowUs), page), type: contentTypes[page] }
}
