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
  RGT_SUBSTRATE_START: 'a substrate could not start the topology',
  RGT_PORT: 'a loopback port could not be had',
  RGT_PROCESS_EXIT: 'a process of the run ended by itself',
  RGT_UNSUPPORTED: 'the substrate cannot do what was asked',
  RGT_HISTORY_FORMAT: 'a history file is malformed or of an unknown version',
} as const

export type TopologyErrorCode = keyof typeof topologyErrors

export function topologyError(code: TopologyErrorCode, message: string, details?: ErrorDetails): CodedError<TopologyErrorCode> {
  return new CodedError(code, message, details)
}
