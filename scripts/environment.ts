// The one place where the environment is read: explicit paths of tools, as `REGATTA_TOOL_K6=/opt/k6`.

import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)))

/** Tool name → path, from `REGATTA_TOOL_<NAME>`; dashes are written as underscores. */
export function explicitTools(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => {
    const match = /^REGATTA_TOOL_([A-Z0-9_]+)$/.exec(name)
    return match === null || value === undefined ? [] : [[match[1].toLowerCase().replaceAll('_', '-'), value]]
  }))
}
