// A message that a peer must not send, with the answer it gets. Not an Error: refusing hostile input is
// ordinary work, and a stack trace for each would be a gift to whoever sends it.

import type { GatewayErrorCode } from '../errors.ts'

export class Problem {
  readonly status: number
  readonly code: GatewayErrorCode
  readonly message: string
  readonly hint: string
  constructor(status: number, code: GatewayErrorCode, message: string, hint: string) {
    this.status = status
    this.code = code
    this.message = message
    this.hint = hint
  }
}

export const syntaxProblem = (message: string, hint = 'RFC 9112 says how a message is written'): Problem =>
  new Problem(400, 'RGT_HTTP_SYNTAX', message, hint)

export const smugglingProblem = (message: string): Problem =>
  new Problem(400, 'RGT_HTTP_SMUGGLING', message, 'frame the body by one Content-Length of digits or by exactly `Transfer-Encoding: chunked`')

export const unsupportedProblem = (status: number, message: string, hint: string): Problem =>
  new Problem(status, 'RGT_HTTP_UNSUPPORTED', message, hint)

/** Reason phrases for the status line of answers that the gateway makes itself. */
export const reasonPhrases: Record<number, string> = {
  200: 'OK', 202: 'Accepted', 204: 'No Content', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other', 304: 'Not Modified',
  307: 'Temporary Redirect', 308: 'Permanent Redirect', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden',
  404: 'Not Found', 405: 'Method Not Allowed', 408: 'Request Timeout', 413: 'Content Too Large', 417: 'Expectation Failed',
  431: 'Request Header Fields Too Large', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable',
  504: 'Gateway Timeout', 505: 'HTTP Version Not Supported',
}
