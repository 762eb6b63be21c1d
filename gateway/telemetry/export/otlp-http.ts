// OpenTelemetry's exporter of protobuf over HTTP, in a module of its own for the reason that `otlp-grpc.ts` gives.

export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
