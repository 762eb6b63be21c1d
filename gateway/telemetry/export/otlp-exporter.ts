// OpenTelemetry's own OTLP exporters, one of two, loaded when it is wanted. Their defaults wait ten seconds and more; here a
// request has its time and no more, what the library sends again included.

import { ExportResultCode, type ExportResult } from '@opentelemetry/core'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { gatewayError } from '../../errors.ts'
import { systemScheduler } from '../../runtime.ts'
import type { OtlpTarget } from './exporter.ts'
import type { SendSpans } from './sender.ts'

interface Library {
  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void
  shutdown(): Promise<void>
}

export interface Otlp { send: SendSpans; close(): Promise<void> }

/** `send` throws RGT_COLLECTOR when the collector refuses or does not answer in time. */
export async function openOtlp(target: OtlpTarget, timeoutMs: number): Promise<Otlp> {
  const library = await load(target, timeoutMs)
  const where = `${target.host}:${target.port}`
  return {
    send: (spans) => new Promise((resolve, reject) => {
      const fail = (found: string): void => reject(gatewayError('RGT_COLLECTOR', `the collector at ${where} does not take spans: ${found}`))
      // The library's own time runs anew when it sends again.
      const giveUp = systemScheduler.after(2 * timeoutMs, () => fail(`no answer within ${2 * timeoutMs} ms`))
      library.export(spans, ({ code, error }) => {
        giveUp()
        if (code === ExportResultCode.SUCCESS) resolve()
        else fail(error?.message || 'it refused them')
      })
    }),
    close: () => library.shutdown(),
  }
}

async function load({ protocol, host, port }: OtlpTarget, timeoutMillis: number): Promise<Library> {
  // Requests that were given up may still be under way in the library.
  const common = { timeoutMillis, concurrencyLimit: 8 }
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('./otlp-grpc.ts')
    return new OTLPTraceExporter({ url: `http://${host}:${port}`, ...common })
  }
  const { OTLPTraceExporter } = await import('./otlp-http.ts')
  return new OTLPTraceExporter({ url: `http://${host}:${port}/v1/traces`, keepAlive: true, ...common })
}
