// Who may call a service, in Consul's words: the sources of its intentions. Consul's own prefixes are of characters and not
// of segments, and it takes paths as they come, so every path becomes a regular expression that no ambiguous path matches;
// which those are is asked of the policy itself (`isAmbiguous`), letter by letter, so that the two cannot drift apart.

import { isAmbiguous, type AccessPath, type AccessRule, type Principal, type SnapshotAccess } from '../../../gateway/security/access.ts'
import { withoutPort } from '../../service-name.ts'
import { serviceHealthPath } from '../access.ts'
import { gatewayName } from './plan-names.ts'

/** All parts must hold. RE2 has to match the whole path, without its query (Envoy: PathMatcher, RegexMatcher). */
export interface Permission { Action: 'allow'; HTTP: { PathExact?: string; PathRegex?: string; Methods?: string[] } }

/** Either one action for all, or permissions, of which the first that matches holds; when none does, the agent's default. */
export interface IntentionSource { Name: string; Peer?: string; Action?: 'allow'; Permissions?: Permission[] }

/**
 * What a principal is called in Consul. A service has a name for each of its ports; a service that is not of the topology
 * has none, because no workload of it is there to be let in.
 */
export function identitiesOf(principal: Principal, names: ReadonlyMap<string, string>): string[] {
  if (principal === 'gateway') return [gatewayName]
  const key = principal.slice('service:'.length)
  return [...names].filter(([service]) => withoutPort(service) === key).map(([, name]) => name)
}

/** Empty when nobody may call: then there is to be no intention, because Consul takes none without sources. */
export function sourcesOf(access: SnapshotAccess | undefined, names: ReadonlyMap<string, string>): IntentionSource[] {
  if (access === undefined) return [{ Name: gatewayName, Action: 'allow' }]
  const permissions = new Map<string, Permission[]>()
  for (const rule of access.rules) {
    const allowed = permissionsOf(rule)
    for (const name of new Set(rule.principals.flatMap((principal) => identitiesOf(principal, names)))) {
      permissions.set(name, [...permissions.get(name) ?? [], ...allowed])
    }
  }
  return [...permissions].filter(([, allowed]) => allowed.length > 0).map(([Name, allowed]) =>
    ({ Name, Permissions: Name === gatewayName ? [...allowed, probing] : allowed }))
}

/** Whoever sends a service requests must know whether it lives. No client's request is a probe: gateways refuse it as any other path. */
const probing: Permission = { Action: 'allow', HTTP: { PathExact: serviceHealthPath, Methods: ['GET'] } }

function permissionsOf({ methods, paths }: AccessRule): Permission[] {
  const spelled = methods === null ? {} : { Methods: [...methods] }
  const ways = paths === null ? [{ PathRegex: `${unit()}*${below}` }] : paths.filter(({ value }) => !isAmbiguous(value)).map(wayOf)
  return methods?.length === 0 ? [] : ways.map((way) => ({ Action: 'allow', HTTP: { ...way, ...spelled } }))
}

function wayOf({ type, value }: AccessPath): { PathExact: string } | { PathRegex: string } {
  return type === 'Exact' ? { PathExact: value } : { PathRegex: `${literal(value.replace(/\/$/, ''))}${below}` }
}

const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
const hexDigits = [...'0123456789abcdefABCDEF']

/** One character of a segment but those left out, or one escape. Without look-ahead, which RE2 does not have. */
function unit(without = ''): string {
  const plain = ascii.filter((letter) => letter !== '/' && !without.includes(letter) && !isAmbiguous(`/x${letter}x`))
  const escapes = Map.groupBy(hexDigits, (high) => hexDigits.filter((low) => !isAmbiguous(`/%${high}${low}`)).join(''))
  const spelled = [...escapes].filter(([lows]) => lows !== '').map(([lows, highs]) => `%${oneOf(highs)}${oneOf([...lows])}`)
  return `(?:${[oneOf(plain), ...spelled].join('|')})`
}

/** A segment that is not empty and, up to its parameters (`;`), neither `.` nor `..`. */
const segment = `(?:${unit('.')}${unit()}*|\\.{1,2}${unit('.;')}${unit()}*|\\.{3}${unit()}*)`
/** Whatever may follow a whole segment. */
const below = `(?:/${segment})*/?`

function oneOf(letters: readonly string[]): string {
  const codes = letters.map((letter) => letter.charCodeAt(0)).sort((a, b) => a - b)
  const ranges = codes.filter((code, at) => codes[at - 1] !== code - 1).map((from) => {
    let to = from
    while (codes.includes(to + 1)) to++
    return from === to ? spelledOut(from) : `${spelledOut(from)}-${spelledOut(to)}`
  })
  return `[${ranges.join('')}]`
}

function literal(text: string): string {
  return [...text].map((letter) => letter === '/' ? letter : spelledOut(letter.charCodeAt(0))).join('')
}

/** Letters and digits as they are, all else by number: the same in RE2 and here, inside brackets and out. */
function spelledOut(code: number): string {
  const letter = String.fromCharCode(code)
  return /[0-9A-Za-z]/.test(letter) ? letter : `\\x${code.toString(16).padStart(2, '0')}`
}
