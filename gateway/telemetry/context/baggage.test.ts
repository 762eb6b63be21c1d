// `baggage` as W3C baggage, section 3, wants it.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { baggageMember } from './context.case.ts'
import { maxBaggageBytes, maxBaggageMembers, parseBaggage } from './baggage.ts'

test('section 3.3: members with properties, blanks and equals signs in values are passed on as they came', () => {
  for (const text of ['a=1', 'a=', 'a=b=c', 'key1=value1;property1;property2', 'key2 = value2', 'k=v ; p = q ;r', "!#$%&'*+-.^_`|~09AZ=v%20w", 'a=1,a=2']) {
    expect(parseBaggage(text)).toEqual({ baggage: text, problem: null })
  }
  expect(parseBaggage(' a=1 ,\tb=2 , ,')).toEqual({ baggage: 'a=1,b=2', problem: null })
  expect(parseBaggage(' , ')).toEqual({ baggage: '', problem: null })
})

test.each(['a', '=1', 'a b=1', 'a=1 2', 'a="1"', 'a=1;', 'a=1;;b', 'a=1;=b', 'a=\\', 'é=1', 'a=é', 'a=1\u0000', 'a=1,b', 'a@b=1', ';a=1'])(
  'section 3.3: %j is no baggage, and nothing of it is used', (text) => {
    expect(parseBaggage(text)).toEqual({ baggage: '', problem: 'baggage-malformed' })
  })

test('section 3.3, limits: 64 members and 8192 bytes, whole members, the first ones', () => {
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `k${at}=v`).join(',')
  expect(parseBaggage(many(maxBaggageMembers))).toEqual({ baggage: many(64), problem: null })
  expect(parseBaggage(many(65))).toEqual({ baggage: many(64), problem: 'baggage-limits' })
  const full = `a=${'v'.repeat(maxBaggageBytes - 2)}`
  expect(parseBaggage(full)).toEqual({ baggage: full, problem: null })
  expect(parseBaggage(`${full}v`)).toEqual({ baggage: '', problem: 'baggage-limits' })
  const two = [`a=${'v'.repeat(4093)}`, `b=${'v'.repeat(4094)}`]
  expect(parseBaggage(two.join(',')).problem).toBe(null)
  expect(parseBaggage([...two, 'c=1'].join(','))).toEqual({ baggage: two.join(','), problem: 'baggage-limits' })
})

test('what is within the grammar and the limits arrives, and reads the same again', () => {
  fc.assert(fc.property(fc.array(baggageMember, { maxLength: maxBaggageMembers }), fc.constantFrom(',', ', ', ' ,\t'), (members, between) => {
    expect(parseBaggage(members.join(between))).toEqual({ baggage: members.join(','), problem: null })
  }))
})
