// The request target: which form it has, and the one normal form of its path. What is matched is what is
// forwarded, so a path that two servers could read differently never passes unchanged.
// RFC 9112 section 3.2 (forms), RFC 3986 section 6.2.2 (normalisation).

import { syntaxProblem, type Problem } from '../problem.ts'

export interface Target {
  path: string
  /** Without '?', or ''. */
  query: string
  /** True when a '?' was there, so that an empty query is kept. */
  hasQuery: boolean
  /** Authority of an absolute-form target; it replaces Host. */
  authority: string | null
}

const allowed = /^[\x21\x24-\x3b\x3d\x3f-\x5b\x5d-\x7e]+$/
const absolute = /^https?:\/\/([^/?]*)(.*)$/i
const notPlain = /%|\/\./

export function readTarget(raw: string, method: string): Target | Problem {
  if (!allowed.test(raw)) return syntaxProblem('the request target holds a character that is not allowed', 'percent-encode it')
  let authority: string | null = null
  let target = raw
  if (target.charCodeAt(0) !== 0x2f) {
    if (target === '*' && method === 'OPTIONS') return { path: '*', query: '', hasQuery: false, authority }
    const parts = absolute.exec(target)
    if (parts === null) return syntaxProblem('the request target is neither a path nor an absolute http URL')
    authority = parts[1]
    target = parts[2].startsWith('/') ? parts[2] : `/${parts[2]}`
  }
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  if (!notPlain.test(path)) return { path, query, hasQuery: mark !== -1, authority }
  const normal = normalisePath(path)
  if (normal === null) return syntaxProblem('the path holds a percent sign without two hexadecimal digits, or an encoded NUL')
  return { path: normal, query, hasQuery: mark !== -1, authority }
}

const isUnreserved = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) ||
  code === 0x2d || code === 0x2e || code === 0x5f || code === 0x7e

/**
 * Percent-decodes unreserved characters only and removes dot segments. `//` stays, and so does `%2f`: both
 * mean something else than a plain slash. null when an escape is broken or stands for NUL.
 */
export function normalisePath(path: string): string | null {
  let broken = false
  const decoded = path.replace(/%(.?.?)/g, (escape, digits: string) => {
    if (!/^[0-9a-f]{2}$/i.test(digits) || digits === '00') {
      broken = true
      return escape
    }
    const code = Number.parseInt(digits, 16)
    return isUnreserved(code) ? String.fromCharCode(code) : escape
  })
  return broken ? null : removeDotSegments(decoded)
}

/** RFC 3986 section 5.2.4; climbing above the root stays at the root. */
function removeDotSegments(path: string): string {
  if (!path.includes('/.')) return path
  const kept: string[] = []
  const segments = path.split('/')
  for (let index = 1; index < segments.length; index++) {
    const last = index === segments.length - 1
    const segment = segments[index]
    if (segment === '..') kept.pop()
    if (segment !== '.' && segment !== '..') kept.push(segment)
    else if (last) kept.push('')
  }
  return `/${kept.join('/')}`
}

const authorityForm = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::(\d{0,5}))?$/
const hosts = new Map<string, string>()
const maxHosts = 1024

/** Host in lower case without port, or null when the field is malformed. Bounded cache: a gateway sees few hosts. */
export function readHost(authority: string): string | null {
  const known = hosts.get(authority)
  if (known !== undefined) return known
  const parts = authorityForm.exec(authority)
  if (parts === null) return null
  const host = parts[1].toLowerCase()
  if (hosts.size < maxHosts && authority.length <= 255) hosts.set(authority, host)
  return host
}
