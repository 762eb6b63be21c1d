// OpenTelemetry's exporter over gRPC, in a module of its own, so that it is loaded only when it is wanted: bundled, a package
// that is no ES module gives its names to static imports only.

export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
