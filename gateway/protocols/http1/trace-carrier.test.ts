// HTTP/1.1 carries trace context in its fields, and flags them, so that a gateway with a part in the trace writes its own.

import { expect, test } from 'vitest'
import { traceCarrierSuite } from '../../telemetry/context/context.case.ts'
import { traceFields } from '../../telemetry/context/index.ts'
import { FieldFlag, Fields } from '../fields.ts'
import { Problem } from '../problem.ts'
import { readRequestHead } from './request.ts'

traceCarrierSuite('http1', (pairs) => {
  const head = readRequestHead(`GET / HTTP/1.1\r\nHost: shop.example\r\n${pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  if (head instanceof Problem) throw head
  return head.fields
})

test('fields of trace context are flagged, and no others are', () => {
  const fields = new Fields()
  for (const name of [...traceFields, 'x-b3', 'x-trace', 'x-request-id']) fields.append(name, '1')
  const flagged = fields.names.filter((_, at) => (fields.flags[at] & FieldFlag.Trace) !== 0)
  expect(flagged).toEqual([...traceFields])
})
