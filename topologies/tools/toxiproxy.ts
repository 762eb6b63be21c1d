// Toxiproxy is the fault proxy on every link. Only the server is needed: its client is an npm package.

import type { Tool } from './tool.ts'

const version = '2.12.0'
const module = 'github.com/Shopify/toxiproxy/v2'

export const toxiproxy: Tool = {
  name: 'toxiproxy',
  purpose: 'the fault proxy on every link; without it the embedded proxy with the same API serves',
  binary: 'toxiproxy-server',
  version,
  // 2.5 mended deadlocks when toxics are removed under load; 2.6 brought PATCH.
  minimum: '2.6.0',
  // What `go install` builds says `version git`.
  probe: { args: ['-version'], pattern: /version v?(\d+\.\d+\.\d+)/, goModule: module },
  routes: [
    {
      kind: 'release', repository: 'Shopify/toxiproxy', tag: `v${version}`,
      asset: ({ os, arch }) => ({ file: `toxiproxy-server-${os}-${arch}`, checksums: 'checksums.txt', member: null }),
    },
    { kind: 'go', module, version: `v${version}`, package: `${module}/cmd/server` },
    { kind: 'image', image: `ghcr.io/shopify/toxiproxy:${version}`, member: '/toxiproxy' },
  ],
  hint: 'a package of your system brings it; Go builds it with `go install`',
}
