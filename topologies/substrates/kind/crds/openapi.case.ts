// Validates like an API server with strict field validation, without one: OpenAPI 3.0 as JSON Schema, for ajv. Unknown
// keys are refused wherever properties are listed and nothing is said to be preserved.

import { Ajv, type ValidateFunction } from 'ajv'

type Json = Record<string, unknown>

/** Problems of a document, none when the CRD takes it. `crd` in wire form. */
export function validatorOf(crd: { spec: { versions: readonly object[] } }, version?: string): (document: unknown) => string[] {
  const versions = crd.spec.versions as { name: string; schema: { openAPIV3Schema: object } }[]
  const { schema } = versions.find(({ name }) => name === version) ?? versions[0]
  const strict = translate(schema.openAPIV3Schema as Json, true) as { properties: Json }
  // Checked by the API server itself.
  strict.properties.metadata = { type: 'object' }
  const validate: ValidateFunction = new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false }).compile(strict)
  return (document) => (validate(document) ? [] : validate.errors!.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`))
}

function translate(schema: Json, isType: boolean): Json {
  const { nullable, exclusiveMinimum, exclusiveMaximum, format: _, properties, items, additionalProperties, oneOf, anyOf, allOf, not, ...rest } = schema
  if (schema['x-kubernetes-int-or-string'] === true) return { type: ['integer', 'string'] }
  const made: Json = { ...rest }
  if (exclusiveMinimum === true) [made.exclusiveMinimum, made.minimum] = [made.minimum, undefined]
  if (exclusiveMaximum === true) [made.exclusiveMaximum, made.maximum] = [made.maximum, undefined]
  if (nullable === true && made.type !== undefined) made.type = [made.type, 'null']
  if (properties !== undefined) {
    made.properties = Object.fromEntries(Object.entries(properties as Record<string, Json>).map(([key, value]) => [key, translate(value, isType)]))
    if (isType && schema['x-kubernetes-preserve-unknown-fields'] !== true) made.additionalProperties = false
  }
  if (items !== undefined) made.items = translate(items as Json, isType)
  if (additionalProperties !== undefined && additionalProperties !== true) made.additionalProperties = translate(additionalProperties as Json, isType)
  for (const [key, branches] of Object.entries({ oneOf, anyOf, allOf })) {
    if (branches !== undefined) made[key] = (branches as Json[]).map((branch) => translate(branch, false))
  }
  if (not !== undefined) made.not = translate(not as Json, false)
  return Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined))
}
