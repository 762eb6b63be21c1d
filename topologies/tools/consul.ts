// Consul is a mesh. Its releases have a site of their own that no route goes to, so Go builds it. Its licence is the
// Business Source License 1.1: it is found or built on the machine that uses it, and never passed on.

import type { Tool } from './tool.ts'

const version = '1.19.2'
const module = 'github.com/hashicorp/consul'

export const consul: Tool = {
  name: 'consul',
  purpose: 'the Consul Connect mesh',
  binary: 'consul',
  version,
  // Peers as failover targets since 1.14 (community edition), refusal by default without access control lists since 1.17.
  minimum: '1.17.0',
  probe: { args: ['version'], pattern: /Consul v(\d+\.\d+\.\d+)/ },
  routes: [
    {
      kind: 'go', module, version: `v${version}`, package: module,
      // As its own go.mod does: these two write times in another form than the servers that are in use.
      exclude: [
        { module: 'github.com/hashicorp/go-msgpack', version: 'v1.1.5' },
        { module: 'github.com/hashicorp/go-msgpack', version: 'v1.1.6' },
      ],
    },
  ],
  hint: 'Go builds it in a few minutes; or see developer.hashicorp.com, Install Consul (Business Source License 1.1)',
}
