// What the collector of a run is told at birth.

import type { SnapshotAddress } from '../../../../gateway/snapshot/snapshot.ts'

export interface CollectorBootstrap {
  /** OTLP over HTTP: `POST /v1/traces`, protobuf. */
  http: SnapshotAddress
  /** OTLP over gRPC, plain text. */
  grpc: SnapshotAddress
}
