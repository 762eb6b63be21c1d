// What is added to a bootstrap that Consul printed, and how Consul is asked for it.

import { expect, test } from 'vitest'
import { bootstrapArguments, patchBootstrap, retryRuntime } from './envoy.ts'

const printed = {
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: 19_000 } } },
  layered_runtime: { layers: [{ name: 'base', static_layer: { 're2.max_program_size.error_level': 1_048_576 } }] },
  node: { id: 'catalog-0-sidecar-proxy' },
}
const resolver = { host: '127.0.0.1', port: 12_345 }

test('an admin layer comes last and but once, all else stays', () => {
  const before = structuredClone(printed)
  const patched = patchBootstrap(printed, { maxRetries: 1024, resolver })
  expect(printed).toEqual(before)
  expect(patched.layered_runtime!.layers).toEqual([printed.layered_runtime.layers[0], { name: 'admin', admin_layer: {} }])
  expect({ ...patched, layered_runtime: printed.layered_runtime, typed_dns_resolver_config: undefined }).toEqual({ ...printed, typed_dns_resolver_config: undefined })
  expect(patchBootstrap(patched, { maxRetries: 1024, resolver })).toEqual(patched)
  expect(patchBootstrap({}, { maxRetries: 1, resolver }).layered_runtime).toEqual({ layers: [{ name: 'admin', admin_layer: {} }] })
})

test('nobody asks for more retries: the runtime stays as it was', () => {
  expect(patchBootstrap(printed, { maxRetries: null, resolver }).layered_runtime).toEqual(printed.layered_runtime)
})

test('the resolver of the run is the only one, whatever the machine can route', () => {
  expect(patchBootstrap(printed, { maxRetries: null, resolver }).typed_dns_resolver_config).toMatchObject({
    name: 'envoy.network.dns_resolver.cares',
    typed_config: {
      resolvers: [{ socket_address: { address: '127.0.0.1', port_value: 12_345 } }], use_resolvers_as_fallback: false, filter_unroutable_families: false,
    },
  })
})

test('the key of the circuit breaker names the cluster', () => {
  expect(retryRuntime(['local_app', 'catalog.default.eu.internal.x.consul'], 7)).toEqual({
    'circuit_breakers.local_app.default.max_retries': '7', 'circuit_breakers.catalog.default.eu.internal.x.consul.default.max_retries': '7',
  })
})

test('Consul is asked over plain gRPC, and a mesh gateway by its kind', () => {
  const admin = { host: '127.0.0.1', port: 3 }
  const ask = (kind: 'service' | 'mesh-gateway') => bootstrapArguments({ id: 'x', region: 'eu', kind, admin }, { host: '127.0.0.1', port: 1 }, { host: '127.0.0.1', port: 2 })
  expect(ask('service')).toEqual(['connect', 'envoy', '-bootstrap', '-proxy-id=x', '-http-addr=http://127.0.0.1:1', '-grpc-addr=http://127.0.0.1:2', '-admin-bind=127.0.0.1:3'])
  expect(ask('mesh-gateway')).toContain('-gateway=mesh')
})
