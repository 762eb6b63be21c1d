// Which labels metrics of a route take from its messages, how they travel, and what is refused.

import { describe, expect, test } from 'vitest'
import { CodedErrors } from '../errors.ts'
import { compileSnapshot } from '../snapshot/compile.ts'
import { parseSnapshot } from '../snapshot/validate.ts'
import { federate, fromObjects } from './federate.ts'

const gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'shop', namespace: 'shop' },
  spec: { gatewayClassName: 'regatta', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
}
const route = (name: string): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name, namespace: 'shop' },
  spec: { parentRefs: [{ name: 'shop' }], rules: [{ matches: [{ path: { value: `/${name}` } }], backendRefs: [{ name, port: 8080 }] }] },
})
const policy = (name: string, target: object, labels: object[]): object => ({
  apiVersion: 'regatta.dev/v1alpha1', kind: 'MetricsPolicy', metadata: { name, namespace: 'shop' }, spec: { targetRefs: [target], labels },
})
const [onGateway, onTenant, onRoute] = [{ kind: 'Gateway', name: 'shop' }, { kind: 'Namespace', name: 'shop' }, { kind: 'HTTPRoute', name: 'orders' }]
const plan = { name: 'plan', from: { requestHeader: 'X-Plan' } }
const world = (...policies: object[]) => federate(fromObjects([gateway, route('orders'), route('stock'), ...policies], 'test'))
const compiled = (config: ReturnType<typeof world>) => compileSnapshot(config, {
  gateway: { name: 'g', role: 'region', region: 'eu-west' }, discovery: { regions: [{ name: 'eu-west', jurisdiction: 'EU' }], endpoints: {}, links: {} },
}, 1)
const labels = (...policies: object[]) => compiled(world(...policies)).routes.map(({ metrics }) => metrics?.map(({ label }) => label))

describe('labels', () => {
  test('come from headers, GraphQL and gRPC, and travel', () => {
    const snapshot = compiled(world(policy('p', onRoute, [
      { ...plan, maxValues: 3 }, { name: 'cache', from: { responseHeader: 'X-Cache' } },
      { name: 'operation', from: { graphqlOperation: {} } }, { name: 'grpc_status', from: { grpcStatus: {} } },
    ])))
    expect(snapshot.routes.map(({ metrics }) => metrics)).toEqual([[
      { label: 'plan', from: { kind: 'request-header', name: 'x-plan' }, maxValues: 3 },
      { label: 'cache', from: { kind: 'response-header', name: 'x-cache' }, maxValues: 50 },
      { label: 'operation', from: { kind: 'graphql-operation' }, maxValues: 50 },
      { label: 'grpc_status', from: { kind: 'grpc-status' }, maxValues: 50 },
    ], undefined])
    expect(parseSnapshot(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot)
    expect(snapshot.version).not.toBe(compiled(world()).version)
  })

  test('are those of the most specific policy, whole', () => {
    const of = (name: string, target: object): object => policy(name, target, [{ ...plan, name: `${name}_plan` }])
    const [wide, tenant, narrow] = [of('wide', onGateway), of('tenant', onTenant), of('narrow', onRoute)]
    expect(labels(wide)).toEqual([['wide_plan'], ['wide_plan']])
    expect(labels(wide, tenant)).toEqual([['tenant_plan'], ['tenant_plan']])
    expect(labels(narrow, wide, tenant)).toEqual([['narrow_plan'], ['tenant_plan']])
    const { warnings } = world(wide, of('also', onGateway))
    expect(warnings.map(({ message }) => message)).toEqual(['MetricsPolicy shop/wide is not in force for Gateway shop/shop'])
  })

  test('leave routes the objects that they were while nothing changes', () => {
    const documents = [gateway, route('orders'), route('stock'), policy('p', onRoute, [plan])]
    const before = federate(fromObjects(documents, 'test'))
    const same = federate(fromObjects(documents, 'test'))
    const without = federate(fromObjects(documents.slice(0, 3), 'test'))
    expect(same.routes.map((one, index) => one === before.routes[index])).toEqual([true, true])
    expect(without.routes.map((one, index) => one === before.routes[index])).toEqual([false, true])
  })
})

test.each<[string, object, string]>([
  ['a label that every series has', { ...plan, name: 'tenant' }, 'labels[0].name'],
  ['a label of Prometheus itself', { ...plan, name: '__name__' }, 'labels[0].name'],
  ['a label with a dash', { ...plan, name: 'my-plan' }, 'labels[0].name'],
  ['no source', { name: 'plan', from: {} }, 'labels[0].from'],
  ['two sources', { name: 'plan', from: { requestHeader: 'a', grpcStatus: {} } }, 'labels[0].from'],
  ['what is no header', { name: 'plan', from: { requestHeader: 'a b' } }, 'labels[0].from.requestHeader'],
  ['no room for values', { ...plan, maxValues: 0 }, 'labels[0].maxValues'],
])('%s is refused', (_name, label, path) => {
  expect(problems(policy('p', onRoute, [label]))).toEqual([['RGT_CONFIG_SCHEMA', `[3].spec.${path}`]])
})

test('a label that stands twice, a route that is not there and another tenant are refused', () => {
  expect(problems(policy('p', onRoute, [plan, plan]))).toEqual([['RGT_CONFIG_SCHEMA', '[3].spec.labels[1].name']])
  expect(problems(policy('p', { kind: 'HTTPRoute', name: 'ordres' }, [plan]))).toEqual([['RGT_CONFIG_REFERENCE', '[3].spec.targetRefs[0].name']])
  expect(problems(policy('p', { kind: 'Namespace', name: 'bank' }, [plan]))).toEqual([['RGT_CONFIG_REFERENCE', '[3].spec.targetRefs[0].name']])
})

function problems(...policies: object[]): [string, string | undefined][] {
  try {
    world(...policies)
  } catch (error) {
    if (error instanceof CodedErrors) return error.errors.map(({ code, details }) => [code, details.place?.path])
    throw error
  }
  return []
}
