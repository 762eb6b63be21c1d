// The CRD of k6-operator's TestRun, to check what we ask of it. The operator itself is installed by whoever owns
// the cluster.

import type { Bundle } from './bundle.ts'

export const k6Operator: Bundle = {
  name: 'k6-operator',
  purpose: 'load from inside a cluster: TestRun',
  module: 'github.com/grafana/k6-operator',
  version: 'v0.0.19',
  sum: 'h1:9qEoO5bo7/Cc6DxbYE9uKHThDgJdl4eaEhC+s8dmrVk=',
  folder: 'config/crd/bases',
  kinds: ['CustomResourceDefinition'],
  hint: 'config/crd/bases of its repository holds it: name the folder as REGATTA_TOOL_K6_OPERATOR',
}
