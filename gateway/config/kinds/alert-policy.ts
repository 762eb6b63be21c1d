// Our own `AlertPolicy`: what a regional control plane watches its gateways' reports for, and whom it tells. Attached the GEP-713
// way: to a route or a tenant's namespace its rules are about their requests, to a Gateway also about the gateways themselves.
// Policies add up: each rule of each is evaluated.

import { z } from 'zod'
import { alertKindNames, alertKindOf, alertKinds } from '../../telemetry/alerts/index.ts'
import { durationUs } from '../duration.ts'
import { metadata, objectName, routeOrTenantRefs, status } from '../fields.ts'

const severity = z.enum(['page', 'ticket'])

/** What every rule has, beside the parameters of its kind. */
const common = {
  name: objectName.describe('Unique within the policy.'),
  severity: severity.default('ticket').describe('page: somebody has to look now. ticket: in working hours.'),
  for: durationUs.default(0).describe('What is seen must be seen for so long first. Default: 0s.'),
  keepFiringFor: durationUs.default(15_000_000).describe('It ends when nothing was seen for so long. Default: 15s.'),
}

/** One branch a kind of the registry, told apart by `kind`. */
const rule = z.discriminatedUnion('kind', alertKindNames.map((kind) =>
  alertKindOf(kind).parameters.safeExtend({ kind: z.literal(kind).describe(alertKinds[kind].description), ...common })) as unknown as [z.ZodObject, ...z.ZodObject[]])

const webhook = z.string().max(2048).refine((text) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol), {
  message: 'is no address that can be posted to', params: { expected: 'http://HOST/PATH or https://HOST/PATH' },
})

/** A name and no path: it cannot lead out of its folder. */
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'a file name of letters, digits, `.`, `_` and `-`')

const onlyOf = severity.optional().describe('Only alerts of it. Default: all.')
const deliver = z.union([
  z.strictObject({ webhook: webhook.describe('Each alert that begins or ends is posted there as JSON.'), severity: onlyOf }),
  z.strictObject({ file: fileName.describe('A line of JSON each, in the folder `alerts` of the control plane\'s state.'), severity: onlyOf }),
])

export const alertPolicyKind = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('AlertPolicy'),
  metadata,
  spec: z.strictObject({
    targetRefs: routeOrTenantRefs,
    rules: z.array(rule).min(1).max(64),
    deliver: z.array(deliver).max(8).default([]).describe('Beside what every control plane tells on /v1/telemetry and as evidence of a run.'),
  }).superRefine(({ targetRefs, rules }, context) => {
    const narrow = targetRefs.find(({ kind }) => kind !== 'Gateway')
    const names = new Set<unknown>()
    for (const [index, { name, kind }] of rules.entries()) {
      if (names.has(name)) context.addIssue({ code: 'custom', path: ['rules', index, 'name'], message: 'stands twice', params: { expected: 'each name once' } })
      names.add(name)
      if (narrow === undefined || alertKindOf(String(kind)).about === 'routes') continue
      context.addIssue({
        code: 'custom', path: ['rules', index, 'kind'], message: `is about gateways, and the policy is attached to a ${narrow.kind}`,
        params: { expected: 'a policy that is attached to Gateways only', hint: 'put it into a policy of its own' },
      })
    }
  }),
  status,
}).meta({ title: 'AlertPolicy', description: 'Regatta\'s own policy: what control planes watch for, and whom they tell. Not part of the Gateway API.' })

export type AlertPolicy = z.output<typeof alertPolicyKind>
