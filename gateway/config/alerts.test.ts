// What an AlertPolicy means for control planes: which routes, which rules with their defaults, whom to tell, and what is refused.

import { describe, expect, test } from 'vitest'
import { CodedErrors } from '../errors.ts'
import { federate, fromObjects } from './federate.ts'

const gateway = (name: string): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name, namespace: 'shop' },
  spec: { gatewayClassName: 'regatta', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
})
const route = (name: string, parent = 'shop'): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name, namespace: 'shop' },
  spec: { parentRefs: [{ name: parent }], rules: [{ matches: [{ path: { value: `/${name}` } }], backendRefs: [{ name, port: 8080 }] }] },
})
const denials = { name: 'denials', kind: 'residency-denials' }
const policy = (targetRefs: object[], rules: object[] = [denials], deliver: object[] = []): object => ({
  apiVersion: 'regatta.dev/v1alpha1', kind: 'AlertPolicy', metadata: { name: 'p', namespace: 'shop' }, spec: { targetRefs, rules, deliver },
})
const [onShop, onTenant, onOrders] = [{ kind: 'Gateway', name: 'shop' }, { kind: 'Namespace', name: 'shop' }, { kind: 'HTTPRoute', name: 'orders' }]
const alerts = (...documents: object[]) => federate(fromObjects([gateway('shop'), route('orders'), route('stock'), ...documents], 'test')).alerts
const refused = (...documents: object[]): string[] => {
  try {
    alerts(...documents)
  } catch (error) {
    if (error instanceof CodedErrors) return error.errors.map(({ code, message, details }) => `${code} ${details.place?.path ?? ''} ${message}`)
    throw error
  }
  return []
}

describe('an AlertPolicy', () => {
  test('is about the routes of its targets', () => {
    const routes = (...targets: object[]) => alerts(policy(targets))[0].routes
    expect(routes(onOrders)).toEqual(['shop/orders/'])
    expect(routes(onTenant)).toEqual(['shop/'])
    expect(routes(onShop)).toBeNull()
    // One Gateway of two: the routes that are attached to it.
    expect(alerts(gateway('other'), route('elsewhere', 'other'), policy([onShop]))[0].routes).toEqual(['shop/orders/', 'shop/stock/'])
  })

  test('gives its rules their defaults', () => {
    expect(alerts(policy([onShop], [denials, { name: 'burn', kind: 'burn-rate', severity: 'page', for: '10s', keepFiringFor: '1m' }]))).toEqual([{
      policy: 'shop/p', routes: null, deliver: [],
      rules: [
        { name: 'denials', kind: 'residency-denials', severity: 'ticket', forUs: 0, keepFiringForUs: 15_000_000, parameters: { count: 1, window: 60_000_000, by: ['tenant', 'route'] } },
        {
          name: 'burn', kind: 'burn-rate', severity: 'page', forUs: 10_000_000, keepFiringForUs: 60_000_000,
          parameters: {
            objective: 99.9, minRequests: 20, by: ['route'],
            windows: [{ long: 3_600_000_000, short: 300_000_000, rate: 14.4 }, { long: 21_600_000_000, short: 1_800_000_000, rate: 6 }],
          },
        },
      ],
    }])
  })

  test('says whom to tell', () => {
    const deliver = [{ webhook: 'https://pager.example.com/hook?key=1', severity: 'page' }, { file: 'alerts.ndjson' }]
    expect(alerts(policy([onShop], [denials], deliver))[0].deliver).toEqual([
      { kind: 'webhook', url: 'https://pager.example.com/hook?key=1', severity: 'page' }, { kind: 'file', path: 'alerts.ndjson' },
    ])
  })

  test('leaves snapshots as they are: gateways have no part in it', () => {
    const documents = [gateway('shop'), route('orders')]
    const [without, withPolicy] = [documents, [...documents, policy([onShop])]].map((all) => federate(fromObjects(all, 'test')).routes)
    expect(withPolicy).toEqual(without)
  })

  test.each<[string, object, RegExp]>([
    ['a target that is not there', policy([{ kind: 'HTTPRoute', name: 'order' }]), /^RGT_CONFIG_REFERENCE \[3\]\.spec\.targetRefs\[0\]\.name/],
    ['a namespace that is not its own', policy([{ kind: 'Namespace', name: 'bank' }]), /may not be attached to the namespace bank/],
    ['a rule about gateways on a route', policy([onOrders], [{ name: 'storm', kind: 'failover-storm' }]), /spec\.rules\[0\]\.kind` is about gateways/],
    ['two rules of one name', policy([onShop], [denials, denials]), /spec\.rules\[1\]\.name` stands twice/],
    ['a kind that is not there', policy([onShop], [{ name: 'a', kind: 'burn-rates' }]), /spec\.rules\[0\]\.kind/],
    ['a parameter of another kind', policy([onShop], [{ ...denials, share: 1 }]), /spec\.rules\[0\].*share/],
    ['a file that leads elsewhere', policy([onShop], [denials], [{ file: '../../etc/passwd' }]), /spec\.deliver\[0\]/],
    ['an address that cannot be posted to', policy([onShop], [denials], [{ webhook: 'file:///etc/passwd' }]), /spec\.deliver\[0\]/],
    ['a window that reports do not fill', policy([onShop], [{ ...denials, window: '500ms' }]), /spec\.rules\[0\]\.window` is no window/],
  ])('refuses %s', (_, document, problem) => {
    const problems = refused(document)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems[0]).toMatch(problem)
  })
})
