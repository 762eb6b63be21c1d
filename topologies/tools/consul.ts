// Consul is a mesh. It is found, not fetched: its releases have their own site and licence.

import type { Tool } from './tool.ts'

export const consul: Tool = {
  name: 'consul',
  purpose: 'the Consul Connect mesh',
  binary: 'consul',
  version: null,
  minimum: '1.17.0',
  probe: { args: ['version'], pattern: /Consul v(\d+\.\d+\.\d+)/ },
  routes: [],
  hint: 'see developer.hashicorp.com, Install Consul',
}
