// The Multi-Cluster Services API's own CRDs (KEP-1645).

import type { Bundle } from './bundle.ts'

export const mcsApi: Bundle = {
  name: 'mcs-api',
  purpose: 'services that several clusters export under one name: ServiceImport',
  module: 'sigs.k8s.io/mcs-api',
  version: 'v0.5.2',
  sum: 'h1:N+vrRiCIb0WJ0dxbBo7VfNv2WJigOHEo4gsLXpffVs8=',
  folder: 'config/crd',
  kinds: ['CustomResourceDefinition'],
  hint: 'config/crd of its repository holds it: name the folder as REGATTA_TOOL_MCS_API',
}
