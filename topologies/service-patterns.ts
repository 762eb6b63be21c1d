// One line that speaks of many services: patterns of their names, and texts with a service's parts in them. Gateway
// configuration and loads use both, so that thousands of services need a file of twenty lines.

import { z } from 'zod'
import { nearest } from '../gateway/config/shape.ts'

/** `namespace/name:port`, `*` for any run of characters inside a part; the port may be left out, and is any then. */
export const servicePattern = z.string()
  .regex(/^[-a-z0-9*]+\/[-a-z0-9*]+(:[0-9*]+)?$/, 'a pattern such as payments/ledger-* or */*')

/** One pattern or several, as people write them; a list after parsing. */
export const servicePatterns = z.union([servicePattern, z.array(servicePattern).min(1)])
  .transform((given) => (typeof given === 'string' ? [given] : given))
  .describe('Patterns of service names: `*` stands for any characters within namespace, name or port.')

/** What a text may ask of a service. */
export const serviceFields = ['namespace', 'service', 'port', 'n'] as const
export type ServiceField = (typeof serviceFields)[number]

interface NamedService { name: string; number?: string }

/** Services that match any of the patterns, each once: by pattern, then in the order given. */
export function matchingServices<S extends NamedService>(services: readonly S[], patterns: readonly string[]): S[] {
  const found = new Set<S>()
  for (const pattern of patterns) {
    const expression = expressionOf(pattern)
    for (const service of services) if (expression.test(service.name)) found.add(service)
  }
  return [...found]
}

function expressionOf(pattern: string): RegExp {
  const whole = pattern.includes(':') ? pattern : `${pattern}:*`
  return new RegExp(`^${whole.replaceAll('*', '[^/:]*')}$`)
}

/** Namespace, name and port; `n` is there for services that are one of many. */
export function partsOf({ name, number }: NamedService): Partial<Record<ServiceField, string>> {
  const [namespace, service, port] = name.split(/[/:]/)
  return { namespace, service, port, ...(number === undefined ? {} : { n: number }) }
}

/** `{word}` in a text; the braces of regular expressions (`{2,3}`) are none. */
const placeholder = /\{([a-z]+)\}/g

/** The fields that a text asks for, known or not, each once. */
export function fieldsIn(text: string): string[] {
  return [...new Set([...text.matchAll(placeholder)].map(([, field]) => field))]
}

/** The text with its fields filled in; one that `parts` does not have stays as it is. */
export function fillText(text: string, parts: Partial<Record<ServiceField, string>>): string {
  return text.includes('{') ? text.replace(placeholder, (whole, field: ServiceField) => parts[field] ?? whole) : text
}

/** Why a field cannot be filled in, or null: for the errors of whoever uses texts. */
export function fieldProblem(field: string, services: readonly NamedService[]): { message: string; expected: string; hint?: string } | null {
  const known: readonly string[] = serviceFields
  if (!known.includes(field)) {
    const near = nearest(field, known)
    return {
      message: `there is no placeholder {${field}}`, expected: `one of ${known.map((name) => `{${name}}`).join(', ')}`,
      ...(near === undefined ? {} : { hint: `did you mean \`{${near}}\`?` }),
    }
  }
  const bare = field === 'n' ? services.find(({ number }) => number === undefined) : undefined
  return bare === undefined ? null : { message: `{n} is the number of a service that is one of many, and ${bare.name} is none`, expected: 'patterns that match numbered services only' }
}
