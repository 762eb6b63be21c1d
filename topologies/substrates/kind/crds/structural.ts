// JSON Schema, as zod writes it, to the *structural* OpenAPI v3 schema that an API server wants of a CRD: one type at
// each place, alternatives only as validation on top. What cannot be said so is left open at that place and nowhere
// else; the control plane checks every document in full anyway.
// Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema

/** As it stands in a manifest. */
export interface StructuralSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  description?: string
  format?: string
  pattern?: string
  enum?: (string | number | boolean)[]
  nullable?: boolean
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  exclusiveMaximum?: boolean
  multipleOf?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  items?: StructuralSchema
  properties?: Record<string, StructuralSchema>
  additionalProperties?: StructuralSchema
  required?: string[]
  oneOf?: Junctor[]
  anyOf?: Junctor[]
  'x-kubernetes-preserve-unknown-fields'?: true
  'x-kubernetes-int-or-string'?: true
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic'
  'x-kubernetes-list-map-keys'?: string[]
}

/** Inside an alternative nothing may say a type, a description or a default. */
export interface Junctor {
  properties?: Record<string, Junctor>
  enum?: (string | number | boolean)[]
  required?: string[]
  not?: Junctor
  anyOf?: Junctor[]
}

type Json = Record<string, unknown>
type Scalar = string | number | boolean

/** Copied as they are, where the type has them. */
const plainKeys = {
  string: ['minLength', 'maxLength'],
  integer: ['multipleOf'],
  number: ['multipleOf'],
  array: ['minItems', 'maxItems', 'uniqueItems'],
} as const

/** Formats that API servers check; others they ignore with a warning. */
const knownFormats = new Set(['date-time', 'date', 'byte', 'uri', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid', 'int32', 'int64', 'float', 'double'])
/** Go's regular expressions know neither look-around nor back references. */
const beyondGo = /\(\?<?[=!]|\\[1-9]/

/**
 * Defaults are left out on purpose: the control plane fills them in, so that what a cluster stores is what a person wrote.
 * Only what zod writes is understood; anything else stays open.
 */
export function structural(schema: Json): StructuralSchema {
  const described = typeof schema.description === 'string' ? { description: schema.description } : {}
  return { ...described, ...typed(schema) }
}

/** Everything may stand here. */
const open: StructuralSchema = { 'x-kubernetes-preserve-unknown-fields': true }

function typed(schema: Json): StructuralSchema {
  const branches = (schema.anyOf ?? schema.oneOf) as Json[] | undefined
  if (branches !== undefined) return alternatives(branches)
  if (schema.const !== undefined) return scalars([schema.const as Scalar])
  if (schema.enum !== undefined) return scalars(schema.enum as Scalar[])
  switch (schema.type) {
    case 'object': return object(schema)
    case 'array': return { type: 'array', ...pick(schema, plainKeys.array), items: structural((schema.items ?? {}) as Json) }
    case 'string': return { type: 'string', ...pick(schema, plainKeys.string), ...text(schema) }
    case 'integer': return { type: 'integer', format: 'int64', ...pick(schema, plainKeys.integer), ...bounds(schema) }
    case 'number': return { type: 'number', ...pick(schema, plainKeys.number), ...bounds(schema) }
    case 'boolean': return { type: 'boolean' }
    default: return open
  }
}

function scalars(values: Scalar[]): StructuralSchema {
  const types = new Set(values.map((value) => (typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value)))
  if (types.size !== 1 || values.some((value) => value === null)) return open
  const [type] = types
  return { type: type as StructuralSchema['type'], enum: [...values] }
}

function object(schema: Json): StructuralSchema {
  if (schema.properties === undefined) {
    const values = schema.additionalProperties
    return typeof values === 'object' && values !== null && Object.keys(values).length > 0
      ? { type: 'object', additionalProperties: structural(values as Json) }
      : { type: 'object', ...open }
  }
  const properties = Object.fromEntries(Object.entries(schema.properties as Record<string, Json>).map(([key, value]) => [key, structural(value)]))
  const required = schema.required as string[] | undefined
  // A loose object (`additionalProperties: {}`) keeps what it does not know; a strict one says false.
  const loose = schema.additionalProperties !== false && schema.additionalProperties !== undefined ? open : {}
  return { type: 'object', properties, ...(required === undefined || required.length === 0 ? {} : { required: [...required] }), ...loose }
}

function text({ format, pattern }: Json): StructuralSchema {
  return {
    ...(typeof format === 'string' && knownFormats.has(format) ? { format } : {}),
    ...(typeof pattern === 'string' && !beyondGo.test(pattern) ? { pattern } : {}),
  }
}

/** OpenAPI 3.0: an exclusive bound is a bound and a flag. The bounds of a safe integer say nothing. */
function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Json): StructuralSchema {
  const told = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) !== Number.MAX_SAFE_INTEGER
  return {
    ...(told(exclusiveMinimum) ? { minimum: exclusiveMinimum, exclusiveMinimum: true } : told(minimum) ? { minimum } : {}),
    ...(told(exclusiveMaximum) ? { maximum: exclusiveMaximum, exclusiveMaximum: true } : told(maximum) ? { maximum } : {}),
  }
}

function alternatives(branches: Json[]): StructuralSchema {
  const known = branches.filter((branch) => branch.type !== 'null')
  const nullable = known.length < branches.length ? { nullable: true } : {}
  const each = known.map(structural)
  if (each.length === 1) return { ...each[0], ...nullable }
  const [{ type }] = each
  if (each.length === 2 && new Set(each.map((one) => one.type)).isSubsetOf(new Set(['integer', 'string'])) && each[0].type !== each[1].type) {
    return { 'x-kubernetes-int-or-string': true, ...nullable }
  }
  if (type === undefined || each.some((one) => one.type !== type)) return { ...open, ...nullable }
  if (each.every((one) => one.enum !== undefined)) return { type, enum: [...new Set(each.flatMap((one) => one.enum!))], ...nullable }
  return type === 'object' && each.every((one) => one.properties !== undefined) ? { ...merged(each), ...nullable } : { type, ...nullable }
}

/** One object with the properties of all branches, and which of them go together as validation. */
function merged(branches: StructuralSchema[]): StructuralSchema {
  const properties: Record<string, StructuralSchema> = {}
  for (const branch of branches) {
    for (const [key, schema] of Object.entries(branch.properties!)) {
      properties[key] = properties[key] === undefined ? schema : either(properties[key], schema)
    }
  }
  const all = Object.keys(properties)
  const always = all.filter((key) => branches.every(({ required = [] }) => required.includes(key)))
  return { type: 'object', properties, ...(always.length === 0 ? {} : { required: always }), oneOf: branches.map((branch) => together(branch, all)) }
}

function either(one: StructuralSchema, other: StructuralSchema): StructuralSchema {
  if (JSON.stringify(one) === JSON.stringify(other)) return one
  if (one.type !== undefined && one.type === other.type) {
    return one.enum !== undefined && other.enum !== undefined ? { type: one.type, enum: [...new Set([...one.enum, ...other.enum])] } : { type: one.type, ...(one.type === 'object' ? open : {}) }
  }
  return open
}

function together({ properties = {}, required = [] }: StructuralSchema, all: readonly string[]): Junctor {
  const fixed = Object.entries(properties).filter(([, schema]) => schema.enum !== undefined)
  const foreign = all.filter((key) => !(key in properties))
  return {
    ...(fixed.length === 0 ? {} : { properties: Object.fromEntries(fixed.map(([key, schema]) => [key, { enum: schema.enum! }])) }),
    ...(required.length === 0 ? {} : { required: [...required] }),
    ...(foreign.length === 0 ? {} : { not: { anyOf: foreign.map((key) => ({ required: [key] })) } }),
  }
}

function pick(schema: Json, keys: readonly string[]): Json {
  return Object.fromEntries(keys.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]))
}
