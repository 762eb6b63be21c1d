// Gateway configuration that is written once and stands for many services: each document of a template file becomes
// one for every service that matches, so that two thousand routes are a file of twenty lines.

import { readDocuments, type DocumentPath, type SourceDocument } from '../gateway/config/document.ts'
import { CodedErrors, type CodedError } from '../gateway/errors.ts'
import { topologyError } from './errors.ts'
import { fieldProblem, fieldsIn, fillText, matchingServices, partsOf, type ServiceField } from './service-patterns.ts'
import type { ConfigTemplates, Service } from './topology.ts'

/**
 * The documents of all templates, in the order of files and services; their places are those of the template. A
 * document that names `{namespace}` alone is written once a namespace, one that names nothing just once. Throws
 * CodedErrors: RGT_CONFIG_SYNTAX, and RGT_TOPOLOGY_REFERENCE for a placeholder that cannot be filled in.
 */
export function instantiate(
  templates: readonly ConfigTemplates[], services: readonly Service[], read: (file: string) => string,
): SourceDocument[] {
  const errors: CodedError[] = []
  const documents = templates.flatMap(({ services: patterns, config }) => {
    const matching = matchingServices(services, patterns)
    return config.flatMap((file) => readDocuments(read(file), file))
      .flatMap((template) => instancesOf(template, matching, errors))
  })
  if (errors.length > 0) throw new CodedErrors(errors)
  return documents
}

function instancesOf(template: SourceDocument, services: readonly Service[], errors: CodedError[]): SourceDocument[] {
  const fields = new Set<string>()
  const before = errors.length
  walkTexts(template.value, [], (text, path) => {
    for (const field of fieldsIn(text)) {
      const problem = fields.has(field) ? null : fieldProblem(field, services)
      fields.add(field)
      if (problem === null) continue
      const { message, ...details } = problem
      errors.push(topologyError('RGT_TOPOLOGY_REFERENCE', message, { place: template.place(path), found: text, ...details }))
    }
  })
  if (errors.length > before) return []
  const asked = [...fields] as ServiceField[]
  const written = new Set<string>()
  return services.flatMap((service) => {
    const parts = partsOf(service)
    const key = asked.map((field) => parts[field]).join(' ')
    if (written.has(key)) return []
    written.add(key)
    return [{ value: fill(template.value, parts), file: template.file, place: template.place }]
  })
}

function walkTexts(value: unknown, path: DocumentPath, visit: (text: string, path: DocumentPath) => void): void {
  if (typeof value === 'string') visit(value, path)
  else if (Array.isArray(value)) value.forEach((item, index) => walkTexts(item, [...path, index], visit))
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) walkTexts(item, [...path, key], visit)
  }
}

/** A string that is `{port}` and nothing else becomes a number, because ports are numbers. Keys stay as they are. */
function fill(value: unknown, parts: Partial<Record<ServiceField, string>>): unknown {
  if (typeof value === 'string') return value === '{port}' ? Number(parts.port) : fillText(value, parts)
  if (Array.isArray(value)) return value.map((item) => fill(item, parts))
  if (typeof value !== 'object' || value === null) return value
  const filled: Record<string, unknown> = {}
  for (const key of Object.keys(value)) filled[key] = fill((value as Record<string, unknown>)[key], parts)
  return filled
}
