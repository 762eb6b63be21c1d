// Carriers and arbitraries that tests of trace context share; and what each protocol must do for its carrier.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { extract, traceFields, type TraceCarrier } from './index.ts'

/** A carrier of these fields. */
export const carrierOf = (fields: Readonly<Record<string, string>>): TraceCarrier => ({ get: (name) => fields[name] })

/** A carrier of name/value pairs as `inject` gives them. */
export function carrierOfPairs(pairs: readonly string[]): TraceCarrier {
  const fields: Record<string, string> = {}
  for (let at = 0; at < pairs.length; at += 2) fields[pairs[at]] = pairs[at + 1]
  return carrierOf(fields)
}

const digits = (length: number) => fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length }).map((all) => all.join(''))
export const hex = (length: number) => digits(length)
export const idOf = (length: number) => digits(length).filter((text) => /[^0]/.test(text))
const textOf = (alphabet: string, minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...alphabet), { minLength, maxLength }).map((all) => all.join(''))

const letters = 'abcdefghijklmnopqrstuvwxyz'
const printable = Array.from({ length: 94 }, (_, at) => String.fromCharCode(at + 33)).join('')
/** A member of `tracestate` that is not `ot`, and within all limits. */
export const member = fc.tuple(fc.constantFrom(...letters), textOf(`${letters}0123456789_-*/`, 1, 20), textOf(printable.replace(/[,=]/g, ''), 1, 30))
  .map(([first, key, value]) => `${first}${key}=${value}`).filter((text) => !text.startsWith('ot='))
export const keyOf = (text: string): string => text.slice(0, text.indexOf('='))
export const baggageMember = fc.tuple(textOf(letters, 1, 10), textOf(printable.replace(/[",;\\%]/g, ''), 0, 20)).map(([key, value]) => `${key}=${value}`)

/**
 * What a protocol's carrier must do. `carry` sends fields (name, value; names may come twice) over the protocol's own
 * parser and gives what its requests carry.
 */
export function traceCarrierSuite(protocol: string, carry: (pairs: readonly (readonly [string, string])[]) => TraceCarrier): void {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03'

  test(`${protocol}: context arrives whole, whatever the case of names`, () => {
    const { context, baggage, problem } = extract(carry([['TraceParent', traceparent], ['Tracestate', 'ot=th:8,a=b'], ['Baggage', 'k=v']]), { acceptB3: false })
    expect(context).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', flags: 3, threshold: '8', tracestate: 'a=b' })
    expect([baggage, problem]).toEqual(['k=v', null])
  })

  test(`${protocol}: several fields of one list are one list, in their order`, () => {
    const { context, baggage } = extract(carry([
      ['traceparent', traceparent], ['tracestate', 'a=1'], ['tracestate', ''], ['tracestate', 'b=2'], ['baggage', 'c=3'], ['baggage', 'd=4'],
    ]), { acceptB3: false })
    expect([context?.tracestate, baggage]).toEqual(['a=1,b=2', 'c=3,d=4'])
  })

  test(`${protocol}: two traceparents are none`, () => {
    expect(extract(carry([['traceparent', traceparent], ['traceparent', traceparent]]), { acceptB3: false }))
      .toMatchObject({ context: null, format: 'w3c', problem: 'traceparent-malformed' })
  })

  test(`${protocol}: every field of context can be asked for, and is absent when it did not come`, () => {
    const full = carry(traceFields.map((name) => [name, `value-of-${name}`]))
    const empty = carry([])
    for (const name of traceFields) expect([full.get(name), empty.get(name)]).toEqual([`value-of-${name}`, undefined])
  })
}
