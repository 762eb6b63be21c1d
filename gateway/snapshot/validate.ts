// Snapshots and deltas as they come from the wire or from disk: bytes of somebody else until they are checked.
// What passes is frozen, because hashes and route tables know parts by identity.

import { z } from 'zod'
import { deepFreeze } from '../config/freeze.ts'
import { fromObjects } from '../config/document.ts'
import { namespaceName, objectName } from '../config/fields.ts'
import { parseShape } from '../config/shape.ts'
import { gatewayError } from '../errors.ts'
import { accessMethods, isAmbiguous, type Principal } from '../security/access.ts'
import { regexProblem } from '../routing/match-regex.ts'
import { promotionReasons } from '../telemetry/spans/span.ts'
import {
  snapshotFormat, type Snapshot, type SnapshotDelta, type SnapshotFilter, type SnapshotRegion, type SnapshotRoute,
} from './snapshot.ts'
import { versionOf } from './version.ts'

const text = z.string().max(8192)
const count = z.int().min(0)
const amount = z.number().min(0)
const address = z.strictObject({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) })

const patternOrText = (part: { type: string; value: string }, context: z.RefinementCtx): void => {
  const problem = part.type === 'RegularExpression' ? regexProblem(part.value) : null
  if (problem !== null) context.addIssue({ code: 'custom', path: ['value'], message: problem.message, params: problem })
}

const valueMatch = z.strictObject({ type: z.enum(['Exact', 'RegularExpression']), name: text, value: text }).superRefine(patternOrText)
const match = z.strictObject({
  path: z.strictObject({ type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']), value: text }).superRefine(patternOrText),
  method: text.nullable(),
  headers: z.array(valueMatch),
  query: z.array(valueMatch),
})

const pairs = z.array(z.tuple([text, text]))
const pathModifier = z.strictObject({ type: z.enum(['ReplaceFullPath', 'ReplacePrefixMatch']), value: text }).nullable()
const filter = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('RequestHeaderModifier'), set: pairs, add: pairs, remove: z.array(text) }),
  z.strictObject({ type: z.literal('ResponseHeaderModifier'), set: pairs, add: pairs, remove: z.array(text) }),
  z.strictObject({
    type: z.literal('RequestRedirect'), scheme: text.nullable(), hostname: text.nullable(), port: count.nullable(), path: pathModifier,
    statusCode: z.int().min(300).max(399),
  }),
  z.strictObject({ type: z.literal('URLRewrite'), hostname: text.nullable(), path: pathModifier }),
  z.strictObject({ type: z.literal('RequestMirror'), service: text, fraction: z.number().min(0).max(1) }),
])

const probability = z.number().min(0).max(1)
const sampling = z.strictObject({
  policy: text.min(1),
  tenant: text.min(1),
  sampler: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('always-on') }),
    z.strictObject({ kind: z.literal('always-off') }),
    z.strictObject({ kind: z.literal('probability'), probability }),
    z.strictObject({ kind: z.literal('adaptive'), spansPerSecond: z.number().positive(), windowMs: z.number().positive(), burst: z.number().min(1) }),
  ]),
  retroactive: z.strictObject({ keep: z.array(z.enum(promotionReasons)).min(1), slowMs: amount }).nullable(),
  anomaly: z.strictObject({ factor: z.number().min(1), halfLifeMs: amount }).nullable(),
  honourClients: z.boolean(),
})

const metric = z.strictObject({
  label: text.min(1),
  from: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.enum(['request-header', 'response-header']), name: text.min(1) }),
    z.strictObject({ kind: z.enum(['graphql-operation', 'grpc-status']) }),
  ]),
  maxValues: z.int().min(1),
})

const route = z.strictObject({
  id: text.min(1),
  hostnames: z.array(text),
  matches: z.array(match),
  filters: z.array(filter),
  backends: z.array(z.strictObject({ service: text, weight: count, filters: z.array(filter) })),
  timeouts: z.strictObject({ requestMs: amount, backendRequestMs: amount }),
  createdAt: text,
  failover: z.strictObject({ enabled: z.boolean(), prefer: z.array(text), maxAttempts: z.int().min(1), maxBodyBytes: count }),
  residency: z.strictObject({ allowed: z.array(text).nullable(), reason: text }),
  sampling: sampling.optional(),
  samplingByProtocol: z.record(text.min(1), sampling).optional(),
  metrics: z.array(metric).min(1).optional(),
}).superRefine(({ backends, filters }, context) => {
  if (filters.at(-1)?.type === 'RequestRedirect' || backends.some(({ weight }) => weight > 0)) return
  context.addIssue({
    code: 'custom', path: ['backends'], message: 'lead nowhere', params: { expected: 'a weight above 0, or a redirect as the last filter' },
  })
})

const region = z.strictObject({ name: text.min(1), jurisdiction: text, rttMs: amount, links: z.array(address) })
const regions = z.array(region).max(32)
const accessPath = z.strictObject({
  type: z.enum(['Exact', 'PathPrefix']),
  value: text.refine((value) => value.startsWith('/') && !isAmbiguous(value), { message: 'may be read in more than one way' }),
})
const principal: z.ZodType<Principal> = z.union([z.literal('gateway'), z.templateLiteral(['service:', namespaceName, '/', objectName])])
const access = z.strictObject({
  policies: z.array(text).min(1),
  rules: z.array(z.strictObject({
    principals: z.array(principal).min(1), methods: z.array(z.enum(accessMethods)).min(1).nullable(), paths: z.array(accessPath).min(1).nullable(),
  })),
})
const service = z.strictObject({ name: text.min(1), endpoints: z.array(address), remoteRegions: z.array(text), access: access.optional() })
const share = z.number().min(0).max(1)

const health = z.strictObject({
  outlier: z.strictObject({
    connectionFailures: count, consecutive5xx: count, counterResetMs: amount, maxEjectedShare: share, panicShare: share,
  }),
  silence: z.strictObject({ minOutstanding: count, p99Multiple: amount, minMs: amount, maxMs: amount }),
  probe: z.strictObject({
    intervalMs: z.number().positive(), minTimeoutMs: amount, p99MarginMs: amount, misses: count, maxPerSecond: amount,
  }),
  retry: z.strictObject({ budgetShare: share, budgetWindowMs: amount, minPerSecond: amount }),
  recovery: z.strictObject({ successes: count, minMs: amount, rampMs: amount, rampStart: share }),
  overprovisioning: amount,
  maxLoopLagMs: amount,
  failoverOwner: z.enum(['gateway', 'mesh']),
})

const revision = z.int().min(0)
const snapshotSchema: z.ZodType<Snapshot> = z.strictObject({
  format: z.literal(snapshotFormat),
  revision,
  version: text,
  gateway: z.strictObject({ name: text.min(1), role: z.enum(['edge', 'region']), region: text.nullable() }),
  regions,
  routes: z.array(route),
  services: z.array(service),
  health,
})

const deltaSchema: z.ZodType<SnapshotDelta> = z.strictObject({
  format: z.literal(snapshotFormat),
  base: revision,
  revision,
  version: text,
  routes: z.strictObject({ put: z.array(route), remove: z.array(text) }),
  services: z.strictObject({ put: z.array(service), remove: z.array(text) }),
  regions: regions.nullable(),
  health: health.nullable(),
})

/**
 * A snapshot whose shape, order, references and version hold. Throws CodedErrors or CodedError of RGT_SNAPSHOT_FORMAT.
 * `origin` names the sender or file in errors.
 */
export function parseSnapshot(value: unknown, origin = 'snapshot'): Snapshot {
  const snapshot = parseShape(snapshotSchema, fromObjects([value], origin)[0], 'RGT_SNAPSHOT_FORMAT')
  checkOrder(snapshot.regions.map(({ name }) => name), 'regions')
  checkOrder(snapshot.routes.map(({ id }) => id), 'routes')
  checkOrder(snapshot.services.map(({ name }) => name), 'services')
  const version = versionOf(snapshot)
  if (version !== snapshot.version) {
    throw gatewayError('RGT_SNAPSHOT_FORMAT', 'the snapshot is not what its version says', { expected: snapshot.version, found: version })
  }
  return checkSnapshot(deepFreeze(snapshot))
}

/** Shape of a delta; whether it fits is for `applyDelta` to say. Throws CodedErrors of RGT_SNAPSHOT_FORMAT. */
export function parseDelta(value: unknown, origin = 'delta'): SnapshotDelta {
  return deepFreeze(parseShape(deltaSchema, fromObjects([value], origin)[0], 'RGT_SNAPSHOT_FORMAT'))
}

/** References inside a snapshot: routes to services, services and residency to regions, the gateway to its own region. */
export function checkSnapshot(snapshot: Snapshot): Snapshot {
  const regionNames = new Set(snapshot.regions.map(({ name }: SnapshotRegion) => name))
  const serviceNames = new Set(snapshot.services.map(({ name }) => name))
  if (snapshot.gateway.region !== null) expectIn(regionNames, snapshot.gateway.region, 'gateway.region')
  for (const item of snapshot.routes) checkRoute(item, serviceNames, regionNames)
  for (const { remoteRegions } of snapshot.services) {
    for (const remote of remoteRegions) expectIn(regionNames, remote, 'services.remoteRegions')
  }
  return snapshot
}

function checkRoute(item: SnapshotRoute, services: ReadonlySet<string>, regions: ReadonlySet<string>): void {
  for (const { service, filters } of item.backends) {
    expectIn(services, service, 'backends', item)
    checkMirrors(filters, services, item)
  }
  checkMirrors(item.filters, services, item)
  for (const name of item.residency.allowed ?? []) expectIn(regions, name, 'residency.allowed', item)
  for (const name of item.failover.prefer) expectIn(regions, name, 'failover.prefer', item)
}

function checkMirrors(filters: readonly SnapshotFilter[], services: ReadonlySet<string>, item: SnapshotRoute): void {
  for (const part of filters) if (part.type === 'RequestMirror') expectIn(services, part.service, 'filters', item)
}

function expectIn(names: ReadonlySet<string>, name: string, field: string, item?: SnapshotRoute): void {
  if (names.has(name)) return
  const where = item === undefined ? field : `routes[${item.id}].${field}`
  throw gatewayError('RGT_SNAPSHOT_FORMAT', `\`${where}\` names something that the snapshot does not hold`, {
    expected: `one of ${[...names].slice(0, 20).join(', ')}`, found: name,
  })
}

/** Sorted and without repeats, or indices and deltas would not mean the same on both sides. */
function checkOrder(keys: readonly string[], where: string): void {
  const index = keys.findIndex((key, at) => at > 0 && keys[at - 1] >= key)
  if (index === -1) return
  throw gatewayError('RGT_SNAPSHOT_FORMAT', `\`${where}\` is not sorted or repeats a name`, {
    expected: 'ascending order, each once', found: `${keys[index - 1]} before ${keys[index]}`,
  })
}
