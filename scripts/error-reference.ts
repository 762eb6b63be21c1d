// docs/errors.md: every error code with its meaning and exit code, made from the maps of the rooms so that the
// page never tells another story than the program.

import { gatewayErrors } from '../gateway/errors.ts'
import { scenarioErrors } from '../scenarios/errors.ts'
import { topologyErrors } from '../topologies/errors.ts'
import { commandErrors } from './errors.ts'
import { badInputCodes } from './exit.ts'

/** Codes by the room that throws them. */
export const errorMaps: Record<string, Readonly<Record<string, string>>> = {
  gateway: gatewayErrors, topologies: topologyErrors, scenarios: scenarioErrors, scripts: commandErrors,
}

export function errorReference(): string {
  const sections = Object.entries(errorMaps).map(([room, codes]) => [
    `## ${room}`, '', '| code | meaning | exit code |', '|---|---|---|',
    ...Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} | ${badInputCodes.has(code) ? 3 : 4} |`), '',
  ].join('\n'))
  return `# Error codes

Made by \`npm run generate\` from the \`errors.ts\` of each room; do not edit by hand.

A code never changes its meaning. A message says what was expected, what was found, where (file, line, column), and
what to do about it. On the command line an error goes to standard error; with \`--json\` as one document a line:
\`{"error": {"code", "message", "place", "expected", "found", "hint"}}\`. A gateway answers a request that it refuses with
the same codes.

The exit code is that of a command which ends with the error: 3 when what was written or named has to be mended, 4 when
the substrate or a tool failed.

${sections.join('\n')}`
}
