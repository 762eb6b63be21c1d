// The mix of a load in its resolved form: an entry that speaks of many services becomes a template for each. A plan is
// plain, so whoever plays it knows nothing of patterns.

import type { DocumentPath } from '../gateway/config/document.ts'
import { fieldProblem, fieldsIn, fillText, matchingServices, partsOf } from '../topologies/service-patterns.ts'
import type { Service } from '../topologies/topology.ts'
import { refuse, type Reading, type Spec } from './resolve-reading.ts'
import type { LoadBlock } from './scenario.ts'

type Block = Spec['load'][number]
type Entry = Block['mix'][number]
type Template = LoadBlock['mix'][number]

/** Templates in the order of the file; those of one entry share its name, and so the `route` tag. */
export function mixOf(reading: Reading, block: Block, path: DocumentPath): Template[] {
  return block.mix.flatMap((entry, index) => {
    const at = [...path, 'mix', index]
    if (entry.host === undefined && block.host === undefined) {
      refuse(reading, 'RGT_SCENARIO_SCHEMA', at, 'a request needs a host', 'neither `host` here nor in its load')
    }
    const { services, popularity: _, host = block.host ?? '', ...template } = entry
    if (services === undefined) return [{ ...template, host }]
    return templatesFor(entry, { ...template, host }, servicesOf(reading, services, at), reading, at)
  })
}

function servicesOf({ topology, ...reading }: Reading, patterns: readonly string[], at: DocumentPath): Service[] {
  for (const pattern of patterns) {
    if (matchingServices(topology.services, [pattern]).length > 0) continue
    refuse({ ...reading, topology }, 'RGT_SCENARIO_REFERENCE', [...at, 'services'], `topology ${topology.name} runs no service that is called so`, pattern)
  }
  return matchingServices(topology.services, patterns)
}

function templatesFor({ popularity }: Entry, template: Template, services: readonly Service[], reading: Reading, at: DocumentPath): Template[] {
  const texts: [string, DocumentPath][] = [[template.host, [...at, 'host']], [template.path, [...at, 'path']],
    ...Object.entries(template.headers).map(([name, value]): [string, DocumentPath] => [value, [...at, 'headers', name]])]
  for (const [text, place] of texts) {
    for (const field of fieldsIn(text)) {
      const problem = fieldProblem(field, services)
      if (problem !== null) refuse(reading, 'RGT_SCENARIO_REFERENCE', place, problem.message, text, problem.hint ?? problem.expected)
    }
  }
  const shares = zipfShares(services.length, popularity?.zipf ?? 0)
  const plain = !Object.values(template.headers).some((value) => fieldsIn(value).length > 0)
  return services.map((service, rank): Template => {
    const parts = partsOf(service)
    const fill = (text: string): string => fillText(text, parts)
    return {
      ...template,
      weight: template.weight * shares[rank],
      host: fill(template.host),
      path: fill(template.path),
      headers: plain ? template.headers : Object.fromEntries(Object.entries(template.headers).map(([name, value]) => [name, fill(value)])),
    }
  })
}

/**
 * Shares of `count` things by Zipf's law, the most popular first: proportional to 1 / rank^exponent, together 1. With
 * exponent 0 all are equal. Breslau et al., "Web caching and Zipf-like distributions" (INFOCOM 1999), found 0.64 to
 * 0.83 for pages; G. K. Zipf's own law (Human Behavior and the Principle of Least Effort, 1949) is 1.
 */
export function zipfShares(count: number, exponent: number): number[] {
  const parts = Array.from({ length: count }, (_, index) => (index + 1) ** -exponent)
  const whole = parts.reduce((sum, part) => sum + part, 0)
  return parts.map((part) => part / whole)
}
