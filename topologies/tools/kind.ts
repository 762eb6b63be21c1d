// kind makes the clusters of the kind substrate.

import type { Tool } from './tool.ts'

const version = '0.33.0'

export const kind: Tool = {
  name: 'kind',
  purpose: 'makes the clusters of the kind substrate',
  binary: 'kind',
  version,
  minimum: '0.20.0',
  probe: { args: ['version'], pattern: /kind v(\d+\.\d+\.\d+)/ },
  routes: [
    {
      kind: 'release', repository: 'kubernetes-sigs/kind', tag: `v${version}`,
      asset: ({ os, arch }) => ({ file: `kind-${os}-${arch}`, checksums: `kind-${os}-${arch}.sha256sum`, member: null }),
    },
    { kind: 'go', module: 'sigs.k8s.io/kind', version: `v${version}`, package: 'sigs.k8s.io/kind' },
  ],
  hint: 'Go builds it with `go install`; it needs a running Docker',
}
