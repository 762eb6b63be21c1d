// Where the tests take a real Toxiproxy from, and why there is none.

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export async function realToxiproxy(): Promise<{ path: string; why: null } | { path: null; why: string }> {
  const candidates = [
    process.env.REGATTA_TOXIPROXY,
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'toxiproxy-server')),
  ]
  for (const path of candidates) {
    try {
      if (path === undefined) continue
      accessSync(path, constants.X_OK)
      return { path, why: null }
    } catch { /* the next */ }
  }
  return { path: null, why: 'no toxiproxy-server in REGATTA_TOXIPROXY or PATH' }
}
