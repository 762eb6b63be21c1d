// Patterns and texts that speak of many services.

import { expect, test } from 'vitest'
import { fieldProblem, fieldsIn, fillText, matchingServices, partsOf } from './service-patterns.ts'

const services = ['eu-pay/ledger-01:8080', 'eu-pay/ledger-02:8080', 'eu-pay/cards:9090', 'us-pay/ledger-01:8080']
  .map((name) => ({ name, ...(name.includes('ledger') ? { number: name.slice(-7, -5) } : {}) }))
const names = (...patterns: string[]): string[] => matchingServices(services, patterns).map(({ name }) => name)

test('a star stands for any characters of one part, a port left out for any', () => {
  expect(names('eu-pay/ledger-*')).toEqual(['eu-pay/ledger-01:8080', 'eu-pay/ledger-02:8080'])
  expect(names('*/*')).toEqual(services.map(({ name }) => name))
  expect(names('*/*:9090')).toEqual(['eu-pay/cards:9090'])
  expect(names('*-pay/ledger-01:80*')).toEqual(['eu-pay/ledger-01:8080', 'us-pay/ledger-01:8080'])
  expect(names('pay/*', 'eu-*/led')).toEqual([])
})

test('several patterns give their services in turn, each once', () => {
  expect(names('us-pay/*', 'eu-pay/cards', '*/*')).toEqual([
    'us-pay/ledger-01:8080', 'eu-pay/cards:9090', 'eu-pay/ledger-01:8080', 'eu-pay/ledger-02:8080',
  ])
})

test('texts take the parts of a service, and leave other braces alone', () => {
  expect(fillText('/{namespace}/{service}-{n}:{port}/a{2,3}', partsOf(services[1]))).toBe('/eu-pay/ledger-02-02:8080/a{2,3}')
  expect(fieldsIn('/{service}/{service}/{n}/{frob}/x{2}')).toEqual(['service', 'n', 'frob'])
})

test('a field that cannot be filled in is told', () => {
  expect(fieldProblem('service', services)).toBeNull()
  expect(fieldProblem('sevice', services)).toMatchObject({ hint: 'did you mean `{service}`?' })
  expect(fieldProblem('n', services)?.message).toContain('eu-pay/cards:9090')
  expect(fieldProblem('n', services.slice(0, 2))).toBeNull()
})
