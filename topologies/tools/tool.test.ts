// Versions, checksums files, and that every tool of the registry is whole.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tools } from './index.ts'
import { checksumOf } from './routes/release.ts'
import { isOlder, type Tool } from './tool.ts'

test('versions compare by number, not by letter', () => {
  const part = fc.nat(300)
  fc.assert(fc.property(fc.tuple(part, part, part), fc.tuple(part, part, part), (left, right) => {
    const difference = left.map((value, index) => value - right[index]).find((value) => value !== 0) ?? 0
    expect(isOlder(left.join('.'), right.join('.'))).toBe(difference < 0)
    expect(isOlder(`v${left.join('.')}-rc1`, right.join('.'))).toBe(difference < 0)
  }))
  expect(isOlder('1.2', '1.2.1')).toBe(true)
  expect(isOlder('1.2', '1.2.0')).toBe(false)
})

test('checksums are read from every form that releases use', () => {
  const hash = 'A'.repeat(64)
  for (const line of [`${hash}  tool-linux`, `${hash} *tool-linux`, `${hash}  ./out/tool-linux`, `-----BEGIN-----\n\n${hash}  tool-linux\r\n`]) {
    expect(checksumOf(`${'b'.repeat(64)}  tool-linux-arm\n${line}\n`, 'tool-linux')).toBe('a'.repeat(64))
  }
  expect(checksumOf(`${hash}  other\nshort  tool-linux\n`, 'tool-linux')).toBe(null)
})

describe.each(Object.entries(tools) as [string, Tool][])('%s', (key, tool) => {
  test('is complete', () => {
    expect(tool.name).toBe(key)
    expect(tool.routes.length > 0).toBe(tool.version !== null)
    if (tool.version !== null && tool.minimum !== null) expect(isOlder(tool.version, tool.minimum)).toBe(false)
    expect(tool.hint.length * tool.purpose.length).toBeGreaterThan(0)
  })

  test('its release assets and modules are pinned to the version that is installed', () => {
    for (const route of tool.routes) {
      // Jaeger's second major version has the numbers of the first as a module.
      if (route.kind === 'go') expect(route.version).toBe(key === 'jaeger' ? 'v1.76.0' : `v${tool.version}`)
      if (route.kind === 'ocb') expect(route.version).toBe(tool.version)
      if (route.kind !== 'release') continue
      expect(route.tag).toBe(`v${tool.version}`)
      for (const os of ['linux', 'darwin'] as const) {
        for (const arch of ['amd64', 'arm64'] as const) {
          const asset = route.asset({ os, arch })
          if (asset !== null) expect(asset.file).not.toBe(asset.checksums)
        }
      }
    }
  })
})

test.each([
  ['k6', 'k6 v1.8.1 (go1.26.8, linux/amd64)', '1.8.1'],
  ['toxiproxy', 'toxiproxy-server version 2.12.0', '2.12.0'],
  ['envoy', 'envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL', '1.40.0'],
  ['haproxy', 'HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/', '2.6.12'],
  ['haproxy', 'HA-Proxy version 2.2.9-2+deb11u6 2023/12/08 - https://haproxy.org/', '2.2.9'],
  ['opentelemetry-collector', 'otelcol version 0.156.0', '0.156.0'],
  ['jaeger', '{"gitCommit":"0a1b","gitVersion":"v2.13.0","buildDate":"2025"}', '2.13.0'],
  ['nginx', 'nginx version: nginx/1.22.1', '1.22.1'],
  ['docker', 'Docker version 20.10.24+dfsg1, build 297e128', '20.10.24'],
  ['kind', 'kind v0.33.0 go1.25.0 linux/amd64', '0.33.0'],
  ['kubectl', '{\n "clientVersion": {\n "gitVersion": "v1.32.4-x"', '1.32.4'],
  ['helm', 'v3.19.0+g3d8990f', '3.19.0'],
  ['consul', 'Consul v1.19.2\nRevision 048f1936', '1.19.2'],
] as const)('%s says its version as %s', (name, said, version) => {
  expect(tools[name].probe.pattern.exec(said)?.[1]).toBe(version)
})
