// The filters of an HTTPRoute that this gateway has. Another filter of the standard is refused by name rather
// than ignored.

import { z } from 'zod'
import { preciseHostname, portNumber } from './fields.ts'
import { backendReference } from './http-route-parts.ts'

const headerName = z.string().min(1).max(256).regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, 'a header name (RFC 9110)')

/** A value that could not be sent would fail every request: refused here. */
const headerValue = z.string().max(4096).regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value without control characters (RFC 9110)')

const headerModifier = z.strictObject({
  set: z.array(z.strictObject({ name: headerName, value: headerValue })).max(16).default([]).describe('Overwrites.'),
  add: z.array(z.strictObject({ name: headerName, value: headerValue })).max(16).default([]).describe('Appends to what is there.'),
  remove: z.array(headerName).max(16).default([]),
})

const pathModifier = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ReplaceFullPath'), replaceFullPath: z.string().max(1024).startsWith('/') }),
  z.strictObject({ type: z.literal('ReplacePrefixMatch'), replacePrefixMatch: z.string().max(1024) }),
])

export const httpFilter = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('RequestHeaderModifier'), requestHeaderModifier: headerModifier }),
  z.strictObject({ type: z.literal('ResponseHeaderModifier'), responseHeaderModifier: headerModifier }),
  z.strictObject({
    type: z.literal('RequestRedirect'),
    requestRedirect: z.strictObject({
      scheme: z.enum(['http', 'https']).optional(),
      hostname: preciseHostname.optional(),
      path: pathModifier.optional(),
      port: portNumber.optional(),
      statusCode: z.union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)]).default(302),
    }),
  }),
  z.strictObject({
    type: z.literal('URLRewrite'),
    urlRewrite: z.strictObject({ hostname: preciseHostname.optional(), path: pathModifier.optional() }),
  }),
  z.strictObject({
    type: z.literal('RequestMirror'),
    requestMirror: z.strictObject({
      backendRef: backendReference,
      percent: z.int().min(0).max(100).optional().describe('Share of requests to mirror; all when neither percent nor fraction is given.'),
      fraction: z.strictObject({ numerator: z.int().min(0), denominator: z.int().min(1).default(100) })
        .refine(({ numerator, denominator }) => numerator <= denominator, {
          path: ['numerator'], message: 'is above the denominator', params: { expected: 'a fraction of at most 1' },
        })
        .optional(),
    }).refine(({ percent, fraction }) => percent === undefined || fraction === undefined, {
      path: ['fraction'], message: 'stands beside percent', params: { expected: 'either of the two' },
    }),
  }),
])

export type HttpFilter = z.output<typeof httpFilter>
export type PathModifier = z.output<typeof pathModifier>
