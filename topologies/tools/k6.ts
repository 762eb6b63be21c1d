// k6 sends the load. Version 1 runs TypeScript suites itself.

import type { Tool } from './tool.ts'

const version = '1.8.1'

export const k6: Tool = {
  name: 'k6',
  purpose: 'the load generator; without it the embedded open-loop engine sends the load',
  binary: 'k6',
  version,
  minimum: '1.0.0',
  probe: { args: ['version'], pattern: /k6(?:\.exe)? v(\d+\.\d+\.\d+)/ },
  routes: [
    {
      kind: 'release', repository: 'grafana/k6', tag: `v${version}`,
      asset({ os, arch }) {
        const folder = `k6-v${version}-${os === 'darwin' ? 'macos' : os}-${arch}`
        return { file: `${folder}.${os === 'darwin' ? 'zip' : 'tar.gz'}`, checksums: `k6-v${version}-checksums.txt`, member: `${folder}/k6` }
      },
    },
    { kind: 'go', module: 'go.k6.io/k6', version: `v${version}`, package: 'go.k6.io/k6' },
    { kind: 'image', image: `grafana/k6:${version}`, member: '/usr/bin/k6' },
  ],
  hint: 'a package of your system or of Grafana brings it; Go builds it with `go install`',
}
