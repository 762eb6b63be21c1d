// Which requests are tried, what a gateway is asked and what for, and which answers are a disagreement.

import { describe, expect, test } from 'vitest'
import { federate, fromObjects } from '../../gateway/config/federate.ts'
import { isAmbiguous, type AccessRule, type SnapshotAccess } from '../../gateway/security/access.ts'
import { compileSnapshot } from '../../gateway/snapshot/compile.ts'
import type { ConfigDocument } from '../substrate.ts'
import { disagreement, disagrees, matrixOf, type Answered, type Cell, type GatewayAnswer, type MeshAnswer } from './agreement.ts'

const metadata = (name: string) => ({ name, namespace: 'shop' })
const route = (name: string, rules: object[]): ConfigDocument => ({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: metadata(name), spec: { parentRefs: [{ name: 'shop' }], hostnames: [`${name}.example.com`], rules } })
const to = (name: string, weight = 1) => ({ name, port: 80, weight })
const under = (value: string) => [{ path: { type: 'PathPrefix', value } }]
const documents: ConfigDocument[] = [
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: metadata('shop'), spec: { gatewayClassName: 'regatta', listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }] } },
  route('plain', [{ matches: under('/cart'), backendRefs: [to('cart'), to('other', 0)] }]),
  route('rewritten', [{ matches: under('/moved'), filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/x' } } }], backendRefs: [to('moved')] }]),
  route('shared', [{ matches: under('/half'), backendRefs: [to('half'), to('other')] }]),
]
const { routes } = compileSnapshot(federate(fromObjects(documents, 'test')), { gateway: { name: 'eu', role: 'region', region: 'eu' }, discovery: { regions: [{ name: 'eu', jurisdiction: 'EU' }], endpoints: {}, links: {} } }, 1)

const services = ['shop/cart:80', 'shop/moved:80', 'shop/half:80', 'shop/other:80']
const rule: AccessRule = { principals: ['gateway', 'service:shop/other', 'service:shop/gone'], methods: ['GET', 'CONNECT'], paths: [{ type: 'PathPrefix', value: '/cart' }] }
const guarded = (...rules: AccessRule[]): SnapshotAccess => ({ policies: ['shop/p'], rules })
const matrix = (service: string, access: SnapshotAccess): Cell[] => matrixOf({ access: new Map([[service, access]]), services, routes })
const distinct = (cells: Cell[], field: 'principal' | 'method' | 'path'): string[] => [...new Set(cells.map((cell) => cell[field]))]

describe('what is tried', () => {
  const cells = matrix('shop/cart:80', guarded(rule))

  test('whom rules name and one whom none does; nobody can speak as a service that does not run', () => {
    expect(distinct(cells, 'principal')).toEqual(['gateway', 'service:shop/other', 'service:shop/cart'])
    const everybody: AccessRule = { ...rule, principals: ['service:shop/cart', 'service:shop/moved', 'service:shop/half', 'service:shop/other'] }
    expect(distinct(matrix('shop/cart:80', guarded(everybody)), 'principal')).toContain('service:regatta/stranger')
  })

  test('methods that rules name and one that none does', () => {
    expect(distinct(cells, 'method')).toEqual(['GET', 'HEAD'])
    expect(distinct(matrix('shop/cart:80', guarded({ ...rule, methods: null })), 'method')).toEqual(['GET', 'HEAD'])
  })

  test('paths at, below, beside and around each, some of which are allowed and many ambiguous', () => {
    const paths = distinct(cells, 'path')
    expect(paths).toEqual(expect.arrayContaining(['/', '/outside', '/cart', '/cart/', '/cart/below', '/cartx', '/CART', '/cart/../outside', '/outside/../cart', '//cart', '/cart%2fbelow', '/%63art', '/cart\\below']))
    expect(paths.every((path) => path.startsWith('/'))).toBe(true)
    expect(paths.filter(isAmbiguous).length).toBeGreaterThan(10)
    const allowed = (path: string): boolean[] => cells.filter((cell) => cell.path === path && cell.method === 'GET').map((cell) => cell.allowed)
    expect(allowed('/cart/below')).toEqual([true, true, false])
    expect(allowed('/cartx')).toEqual([false, false, false])
    expect(cells.some((cell) => cell.allowed && isAmbiguous(cell.path))).toBe(false)
  })

  test('of a policy that names everything or nothing, too', () => {
    expect(matrix('shop/cart:80', guarded({ principals: ['gateway'], methods: null, paths: null })).some(({ allowed }) => allowed)).toBe(true)
    const nobody = matrix('shop/cart:80', guarded())
    expect(nobody.length).toBeGreaterThan(10)
    expect(nobody.some(({ allowed }) => allowed)).toBe(false)
    expect(matrixOf({ access: new Map(), services, routes })).toEqual([])
  })
})

describe('the way in', () => {
  const wayOf = (service: string, path: string, value = '/cart') => matrix(service, guarded({ ...rule, paths: [{ type: 'PathPrefix', value }] }))
    .find((cell) => cell.principal === 'gateway' && cell.method === 'GET' && cell.path === path)!.way

  test('is a host that leads to the service alone, and asks for what the service would get', () => {
    expect(wayOf('shop/cart:80', '/cart/below')).toEqual({ host: 'plain.example.com', allowed: true })
    expect(wayOf('shop/cart:80', '/cart//below')).toEqual({ host: 'plain.example.com', allowed: false })
    // In normal form it is /cart, and that is allowed, although the mesh refuses it as it stands.
    expect(wayOf('shop/cart:80', '/outside/../cart')).toEqual({ host: 'plain.example.com', allowed: true })
    expect(wayOf('shop/cart:80', '/cart/../outside')).toBeNull()
  })

  test('is none by a rewrite, by a share, by what is no request, and for anybody but the gateway', () => {
    expect(wayOf('shop/moved:80', '/moved', '/moved')).toBeNull()
    expect(wayOf('shop/half:80', '/half', '/half')).toBeNull()
    expect(wayOf('shop/cart:80', '/cart%00')).toBeNull()
    expect(matrix('shop/cart:80', guarded(rule)).filter(({ principal, way }) => principal !== 'gateway' && way !== null)).toEqual([])
  })
})

const cell = (allowed: boolean, way: boolean | null): Cell => ({ service: 'shop/cart:80', principal: 'gateway', method: 'GET', path: '/cart', allowed, way: way === null ? null : { host: 'x', allowed: way } })
const answered = (one: Cell, mesh: MeshAnswer, gateway: GatewayAnswer): Answered => ({ cell: one, region: 'eu', mesh, gateway })

test.each<[string, Answered, boolean]>([
  ['open where allowed', answered(cell(true, true), 'open', 'open'), false],
  ['shut where forbidden', answered(cell(false, false), 'shut', 'shut'), false],
  ['shut where no gateway leads', answered(cell(false, null), 'shut', 'elsewhere'), false],
  ['allowed in its normal form, and only so', answered(cell(false, true), 'shut', 'open'), false],
  ['the mesh lets in what is forbidden', answered(cell(false, null), 'open', 'elsewhere'), true],
  ['the mesh refuses what is allowed', answered(cell(true, null), 'shut', 'elsewhere'), true],
  ['the gateway refuses what is allowed', answered(cell(true, true), 'open', 'shut'), true],
  ['the gateway lets through what is forbidden', answered(cell(false, false), 'open', 'open'), true],
  ['the mesh stops what the gateway let through', answered(cell(false, false), 'shut', 'stopped'), true],
  ['the mesh stops what both should let in', answered(cell(true, true), 'shut', 'stopped'), true],
])('%s', (_what, one, apart) => {
  expect(disagrees(one, false)).toBe(apart)
})

test('a probe is open at the mesh and shut to clients, or it is a disagreement', () => {
  expect(disagrees(answered(cell(false, false), 'open', 'shut'), true)).toBe(false)
  expect(disagrees(answered(cell(false, false), 'shut', 'shut'), true)).toBe(true)
  expect(disagrees(answered(cell(false, false), 'open', 'open'), true)).toBe(true)
})

test('ten are told of, and how many there are', () => {
  const one = answered(cell(false, null), 'open', 'elsewhere')
  const error = disagreement(Array.from({ length: 12 }, () => one), 99)
  expect(error).toMatchObject({ code: 'RGT_MESH_POLICY', message: 'gateway, mesh and policy disagree in 12 of 99 cells' })
  expect(error.details.found!.match(/eu: shop\/cart:80, gateway, GET \/cart: policy shut, gateway elsewhere, mesh open/g)).toHaveLength(10)
  expect(error.details.found).toMatch(/and 2 more$/)
  expect(disagreement([one], 99).details.found).not.toContain('more')
})
