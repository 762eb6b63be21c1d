// kubectl speaks to the clusters of the kind substrate. It is found, not fetched: it belongs to the clusters in use.

import type { Tool } from './tool.ts'

export const kubectl: Tool = {
  name: 'kubectl',
  purpose: 'speaks to the clusters of the kind substrate',
  binary: 'kubectl',
  version: null,
  minimum: '1.28.0',
  probe: { args: ['version', '--client', '-o', 'json'], pattern: /"gitVersion": "v(\d+\.\d+\.\d+)/ },
  routes: [],
  hint: 'see kubernetes.io, Install Tools',
}
