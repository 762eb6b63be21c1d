// The tools that every real run may use: k6 for the offered load, Toxiproxy on the links.

import type { Inventory, StartRequest } from '../../substrate.ts'
import { findTool, requireTool, type FoundTool } from '../../tools/index.ts'

export interface RunTools { toxiproxy: FoundTool | null; toxiproxyReason: string; k6: FoundTool | null }

/** Finds or fetches what this run can use. Where that fails the embedded part serves and the inventory says why. */
export async function findRunTools({ tools, options, progress, signal }: StartRequest, inventory: Inventory): Promise<RunTools> {
  const look = async (name: string): Promise<{ found: FoundTool | null; reason: string }> => {
    const found = await findTool(name, tools, { signal, progress: (text) => progress('tools', `${name}: ${text}`) })
    if ('path' in found) return { found, reason: '' }
    if (!tools.allowEmbedded || tools.required?.includes(name)) throw found.error
    return { found: null, reason: found.reason }
  }
  const [proxy, engine] = await Promise.all([look('toxiproxy'), options.engines?.includes('k6') ? look('k6') : null])
  if (engine !== null) {
    inventory.tools.k6 = engine.found ?? { version: 'none', origin: 'embedded', reason: `the open-loop engine stands in; ${engine.reason}` }
  }
  return { toxiproxy: proxy.found, toxiproxyReason: proxy.reason, k6: engine?.found ?? null }
}

/** What is under test: nothing stands in for it. Throws RGT_TOOL_MISSING and its kin. */
export async function needTool(name: string, { tools, progress, signal }: StartRequest, inventory: Inventory): Promise<FoundTool> {
  const found = requireTool(await findTool(name, tools, { signal, progress: (text) => progress('tools', `${name}: ${text}`) }))
  inventory.tools[name] = { version: found.version, origin: found.origin }
  return found
}
