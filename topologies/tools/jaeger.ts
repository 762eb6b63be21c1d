// Jaeger, as a collector that keeps traces for people to look at, and passes them on to the embedded receiver. Its second
// major version is built from the OpenTelemetry Collector; as a Go module that has the numbers of the first.

import type { Tool } from './tool.ts'

const version = '2.13.0'
/** The same commit. */
const asModule = '1.76.0'
const module = 'github.com/jaegertracing/jaeger'

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
    {
      kind: 'go', module, version: `v${asModule}`, package: `${module}/cmd/jaeger`,
      source: [`-ldflags=-s -w -X ${module}/internal/version.latestVersion=v${version}`],
    },
  ],
  hint: 'Go builds it in ten minutes, without its pages for people; or see jaegertracing.io, Getting Started',
}
