// What travels over the API, in the shapes, the field order and the error texts of Toxiproxy 2.12 (api.go,
// toxic_collection.go), so that its clients cannot tell the difference.

import { toxicKinds } from './toxics/index.ts'

export type Stream = 'upstream' | 'downstream'

export interface Toxic {
  attributes: Record<string, number>
  name: string
  type: string
  stream: Stream
  toxicity: number
}

export interface ProxyInput {
  name: string
  listen: string
  upstream: string
  enabled: boolean
}

/** An answer that is not a success: `{"error": …, "status": …}`. */
export class ApiError extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
  toBody(): { error: string; status: number } {
    return { error: this.message, status: this.status }
  }
}

export const apiErrors = {
  badBody: (why: string) => new ApiError(`bad request body: ${why}`, 400),
  missingField: (field: string) => new ApiError(`missing required field: ${field}`, 400),
  proxyNotFound: () => new ApiError('proxy not found', 404),
  proxyExists: () => new ApiError('proxy already exists', 409),
  invalidStream: () => new ApiError('stream was invalid, can be either upstream or downstream', 400),
  invalidType: () => new ApiError('invalid toxic type', 400),
  toxicExists: () => new ApiError('toxic already exists', 409),
  toxicNotFound: () => new ApiError('toxic not found', 404),
}

export function decode(text: string): unknown {
  if (text.trim() === '') throw apiErrors.badBody('EOF')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw apiErrors.badBody((error as Error).message)
  }
}

/** Fields of a proxy; what is absent keeps the default. */
export function decodeProxy(value: unknown, defaults: ProxyInput): ProxyInput {
  const fields = object(value)
  return {
    name: field(fields, 'name', 'string', defaults.name),
    listen: field(fields, 'listen', 'string', defaults.listen),
    upstream: field(fields, 'upstream', 'string', defaults.upstream),
    enabled: field(fields, 'enabled', 'boolean', defaults.enabled),
  }
}

export function decodeProxies(value: unknown): ProxyInput[] {
  if (!Array.isArray(value)) throw apiErrors.badBody('expected an array of proxies')
  const inputs = value.map((item) => decodeProxy(item, { name: '', listen: '', upstream: '', enabled: true }))
  inputs.forEach(({ name, upstream }, index) => {
    if (name === '') throw apiErrors.missingField(`name at proxy ${index + 1}`)
    if (upstream === '') throw apiErrors.missingField(`upstream at proxy ${index + 1}`)
  })
  return inputs
}

export function decodeToxic(value: unknown): Toxic {
  const fields = object(value)
  const type = field(fields, 'type', 'string', '')
  const stream = field(fields, 'stream', 'string', 'downstream')
  const toxicity = field(fields, 'toxicity', 'number', 1)
  if (!isStream(stream)) throw apiErrors.invalidStream()
  const kind = Object.hasOwn(toxicKinds, type) ? toxicKinds[type] : undefined
  if (kind === undefined) throw apiErrors.invalidType()
  const name = field(fields, 'name', 'string', '') || `${type}_${stream}`
  return { attributes: decodeAttributes(fields.attributes, { ...kind.defaults }), name, type, stream, toxicity }
}

/** New toxicity and attributes of a toxic; what is absent stays. */
export function decodeToxicUpdate(value: unknown, toxic: Toxic): Pick<Toxic, 'attributes' | 'toxicity'> {
  const fields = object(value)
  return {
    attributes: decodeAttributes(fields.attributes, toxic.attributes),
    toxicity: field(fields, 'toxicity', 'number', toxic.toxicity),
  }
}

function decodeAttributes(value: unknown, defaults: Record<string, number>): Record<string, number> {
  if (value === undefined || value === null) return { ...defaults }
  const fields = object(value)
  return Object.fromEntries(Object.keys(defaults).map((name) => {
    const number = field(fields, name, 'number', defaults[name])
    if (!Number.isInteger(number)) throw apiErrors.badBody(`attributes.${name} must be an integer, not ${number}`)
    return [name, number]
  }))
}

function isStream(text: string): text is Stream {
  return text === 'upstream' || text === 'downstream'
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw apiErrors.badBody('expected an object')
  return value as Record<string, unknown>
}

type Scalars = { string: string; boolean: boolean; number: number }

function field<Kind extends keyof Scalars>(fields: Record<string, unknown>, name: string, kind: Kind, missing: Scalars[Kind]): Scalars[Kind] {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (value === undefined || value === null) return missing
  if (typeof value !== kind) throw apiErrors.badBody(`${name} must be a ${kind}, not a ${typeof value}`)
  return value as Scalars[Kind]
}
