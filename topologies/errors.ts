// Coded errors of the topologies room, in the form of the gateway's: a code never changes its meaning, and
// whoever adds a substrate or a tool adds its codes here.

import { CodedError, type ErrorDetails } from '../gateway/errors.ts'

/** Codes of this room; the text is the one-line summary that documentation and `--help` show. */
export const topologyErrors = {
  RGT_TOPOLOGY_UNKNOWN: 'no topology of that name is in the catalogue, and no such file exists',
  RGT_TOPOLOGY_SCHEMA: 'a field of a topology is missing, unknown, or of the wrong type',
  RGT_TOPOLOGY_REFERENCE: 'a topology names a region, edge or file that it does not have',
  RGT_TOOL_MISSING: 'a tool is not to be had and stand-ins are switched off',
  RGT_TOOL_INSTALL: 'a tool could not be installed',
  RGT_TOOL_UNKNOWN: 'no tool of that name is in the registry',
  RGT_TOOL_VERSION: 'a tool is older than what is needed, or does not say its version',
  RGT_FAULT_PROXY: 'the fault proxy refused a call, or did not answer it',
  RGT_SUBSTRATE_START: 'a substrate could not start the topology',
  RGT_SUBSTRATE_UNKNOWN: 'no substrate has that name',
  RGT_DOCKER: 'Docker does not answer, or refused what was asked of it',
  RGT_IMAGE: 'a container image is missing, or could not be built or loaded',
  RGT_CLUSTER: 'a cluster could not be made, or did not become ready in time',
  RGT_MEMORY: 'the machine has too little memory for what was asked',
  RGT_KUBECONFIG: 'a kubeconfig cannot be read, or lacks a context',
  RGT_KUBERNETES: 'an API server refused a call, or did not answer it',
  RGT_NAMESPACE: 'a namespace exists that this run did not make',
  RGT_WORKLOAD: 'a workload in a cluster did not become ready in time',
  RGT_TEST_RUN: 'a load inside a cluster could not be played',
  RGT_MESH: 'a mesh refused a call, did not answer it, or did not become ready in time',
  RGT_MESH_TRUST: 'a sidecar shows, or takes, a certificate of another trust domain',
  RGT_MESH_POLICY: 'gateway, mesh and access policies give different answers to the same request',
  RGT_PORT: 'a loopback port could not be had',
  RGT_PROCESS_EXIT: 'a process of the run ended by itself',
  RGT_UNSUPPORTED: 'the substrate cannot do what was asked',
  RGT_SIMULATION_CAPACITY: 'more is under way at once than a simulation holds',
  RGT_CONTROL_REQUEST: 'a control port of the services was asked for something it cannot do',
  RGT_GENERATOR_ENTRY: 'a stream of requests has no address to go to',
  RGT_OTLP: 'what a collector was sent is no export request of OTLP',
  RGT_OTLP_LIMIT: 'a collector was sent more at once than it takes',
  RGT_K6_SCRIPT: 'a k6 suite threw, or could not be loaded',
  RGT_K6_RUN: 'k6 ended without playing its load to the end',
  RGT_HISTORY_FORMAT: 'a history file is malformed or of an unknown version',
  RGT_HISTORY_CLOSED: 'a row or event came after the history was finalised',
  RGT_ENGINE_KIND: 'a kind of simulated event has two handlers, or none',
  RGT_RECORDER_TURN: 'a row of the simulated history was begun or ended out of turn',
} as const

export type TopologyErrorCode = keyof typeof topologyErrors

export function topologyError(code: TopologyErrorCode, message: string, details?: ErrorDetails): CodedError<TopologyErrorCode> {
  return new CodedError(code, message, details)
}
