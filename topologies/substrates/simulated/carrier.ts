// Trace context between parts of the simulated world: fields as they would stand in a request.

import type { AttemptTrace } from '../../../gateway/telemetry/spans/index.ts'
import type { TraceCarrier } from '../../../gateway/telemetry/context/index.ts'

/** Name, value, name, value; names in lower case. */
export function carried(fields: readonly string[]): TraceCarrier {
  return {
    get(name) {
      for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1]
      return undefined
    },
  }
}

export const nothingCarried: TraceCarrier = { get: () => undefined }

/** What an attempt's upstream gets of its trace. */
export function fieldsOf(trace: Pick<AttemptTrace, 'addFields'>): string[] {
  const fields: string[] = []
  trace.addFields(fields)
  return fields
}
