// Helm installs gateways and meshes on clusters. It is found, not fetched.

import type { Tool } from './tool.ts'

export const helm: Tool = {
  name: 'helm',
  purpose: 'installs gateways and meshes on clusters',
  binary: 'helm',
  version: null,
  minimum: '3.12.0',
  probe: { args: ['version', '--short'], pattern: /v(\d+\.\d+(?:\.\d+)?)/ },
  routes: [],
  hint: 'see helm.sh, Installing Helm',
}
