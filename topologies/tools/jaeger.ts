// Jaeger, as a collector that keeps traces for people to look at, and passes them on to the embedded receiver. Its second
// major version is built from the OpenTelemetry Collector; as a Go module that has the numbers of the first.

import type { Tool } from './tool.ts'

const version = '2.13.0'

export const jaeger: Tool = {
  name: 'jaeger',
  purpose: 'the collector of a traced run, where people want to look at traces in Jaeger',
  binary: 'jaeger',
  version,
  minimum: '2.0.0',
  probe: { args: ['version'], pattern: /"gitVersion":\s*"v?(\d+\.\d+\.\d+)/ },
  routes: [
    {
      kind: 'release', repository: 'jaegertracing/jaeger', tag: `v${version}`,
      asset: ({ os, arch }) => ({
        file: `jaeger-${version}-${os}-${arch}.tar.gz`, checksums: `jaeger-${version}-${os}-${arch}.sha256sum.txt`,
        member: `jaeger-${version}-${os}-${arch}/jaeger`, checked: 'member',
      }),
    },
  ],
  hint: 'see jaegertracing.io, Getting Started',
}
