// Statuses, reasons and error codes in the words of the history.

import { expect, it } from 'vitest'
import { decisionNsOf, outcomeOfError, outcomeOfResponse, sampledOf } from './outcome.ts'

it.each([
  [200, '', 'ok'], [204, '', 'ok'], [301, '', 'ok'], [404, '', 'client-error'], [429, '', 'shed'], [500, '', '5xx'], [503, '', '5xx'],
  [503, 'RGT_RESIDENCY', 'residency'], [503, 'RGT_NO_HEALTHY_TARGET', 'no-healthy-target'], [404, 'RGT_NO_ROUTE', 'no-route'],
  [503, 'RGT_DRAINING', 'shed'], [504, 'RGT_UPSTREAM_TIMEOUT', '5xx'], [413, 'RGT_HTTP_BODY_LIMIT', 'client-error'],
  [200, 'RGT_RESIDENCY', 'ok'], [403, 'RGT_ACCESS_DENIED', 'access-denied'], [403, '', 'client-error'],
] as const)('%i with reason "%s" is %s', (status, reason, outcome) => expect(outcomeOfResponse(status, reason)).toBe(outcome))

it.each([
  ['ECONNREFUSED', 'refused'], ['ECONNRESET', 'reset'], ['EPIPE', 'reset'], ['UND_ERR_SOCKET', 'closed'], ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['HPE_INVALID_CONSTANT', 'closed'], ['UND_ERR_INVALID_ARG', 'client-error'],
] as const)('%s is %s', (code, outcome) => expect(outcomeOfError(code)).toBe(outcome))

it.each([
  ['decision;dur=0.0042', 4200], ['cache, decision;desc="route";dur=0.5, total;dur=3', 500_000], ['total;dur=3', 0], ['', 0],
  ['decision;dur=8e-4', 800], ['predecision;dur=5', 0],
] as const)('%s says %i ns', (text, ns) => expect(decisionNsOf(text)).toBe(ns))

const traceId = '0af7651916cd43dd8448eb211c80319c'
it.each([
  [`${traceId}-01`, true], [`${traceId}-03`, true], [`${traceId}-00`, false], [`${traceId}-02`, false], ['', false], ['01', false], [`${traceId}-1`, false],
] as const)('"%s" says that the head was sampled: %s', (text, sampled) => expect(sampledOf(text)).toBe(sampled))
