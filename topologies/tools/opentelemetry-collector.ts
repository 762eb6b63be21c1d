// The OpenTelemetry Collector, between gateways and the embedded receiver: receives OTLP, batches, passes it on. The last release
// whose checksums are one file for a distribution; the builder makes the same version from the three parts that are used.

import type { Tool } from './tool.ts'

const version = '0.156.0'

export const opentelemetryCollector: Tool = {
  name: 'opentelemetry-collector',
  purpose: 'the collector of a traced run, where a scenario wants a real one',
  binary: 'otelcol',
  version,
  minimum: '0.110.0',
  probe: { args: ['--version'], pattern: /version v?(\d+\.\d+\.\d+)/ },
  routes: [
    {
      kind: 'release', repository: 'open-telemetry/opentelemetry-collector-releases', tag: `v${version}`,
      asset: ({ os, arch }) => ({ file: `otelcol_${version}_${os}_${arch}.tar.gz`, checksums: 'opentelemetry-collector-releases_otelcol_checksums.txt', member: 'otelcol' }),
    },
    {
      kind: 'ocb', version,
      components: { receivers: ['receiver/otlpreceiver'], processors: ['processor/batchprocessor'], exporters: ['exporter/otlphttpexporter', 'exporter/otlpexporter'] },
    },
  ],
  hint: 'Go builds it in a few minutes; or see opentelemetry.io, Install the Collector',
}
