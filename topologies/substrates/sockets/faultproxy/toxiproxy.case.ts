// Where the tests take a real Toxiproxy from, and why there is none. Tests never install anything.

import { findTool } from '../../../tools/index.ts'

export async function realToxiproxy(): Promise<{ path: string; why: null } | { path: null; why: string }> {
  const path = process.env.REGATTA_TOOL_TOXIPROXY
  const found = await findTool('toxiproxy', { allowInstall: false, ...(path === undefined ? {} : { explicit: { toxiproxy: path } }) })
  return 'path' in found ? { path: found.path, why: null } : { path: null, why: found.reason }
}
