// Whose name a control port may be called by. A page in a browser can have a name of its own resolved to a control port
// (DNS rebinding), and then sends that name as Host. It cannot do so with an address, so addresses are always allowed,
// and names only when somebody listed them.

import { isIP } from 'node:net'

/** `host` is the Host header; `names` are names besides localhost under which the port is known, lower case. */
export function isOwnHost(host: string | undefined, names: readonly string[] = []): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1].toLowerCase()
  if (name === undefined) return false
  return name === 'localhost' || names.includes(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0
}
