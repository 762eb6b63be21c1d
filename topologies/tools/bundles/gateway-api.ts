// The Gateway API's own CRDs, standard channel.

import type { Bundle } from './bundle.ts'

export const gatewayApi: Bundle = {
  name: 'gateway-api',
  purpose: 'the kinds in which gateways are configured: Gateway, HTTPRoute, ReferenceGrant',
  module: 'sigs.k8s.io/gateway-api',
  version: 'v1.6.3',
  sum: 'h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=',
  folder: 'config/crd/standard',
  kinds: ['CustomResourceDefinition'],
  hint: 'its releases carry it as standard-install.yaml: name the file as REGATTA_TOOL_GATEWAY_API',
}
