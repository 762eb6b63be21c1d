// Turns a topology file into the resolved Topology: names checked against each other, defaults that need the
// whole file filled in, a round-trip time for every pair of places that talk.

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { nearest as nearestName } from '../gateway/config/shape.ts'
import type { DocumentPath, SourceDocument } from '../gateway/config/document.ts'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { topologyError } from './errors.ts'
import { greatCircleRttMs, minimumRttMs, nearest } from './geography.ts'
import { findMesh } from './meshes/index.ts'
import { checkUse } from './meshes/use.ts'
import { resolveServices } from './resolve-services.ts'
import type { TopologyFile } from './schema.ts'
import { matchingServices } from './service-patterns.ts'
import type { ClientGroup, Coordinates, Edge, Entry, Link, PlaceRef, Service, Topology } from './topology.ts'

type Spec = TopologyFile['spec']
type Problem = (path: DocumentPath, message: string, found: string, known: readonly string[]) => void

/** Throws CodedErrors of RGT_TOPOLOGY_REFERENCE, one for each name that refers to nothing or stands twice. */
export function resolveTopology(file: TopologyFile, source: SourceDocument): Topology {
  const errors: CodedError[] = []
  const problem: Problem = (path, message, found, known) => {
    const near = nearestName(found, known)
    errors.push(topologyError('RGT_TOPOLOGY_REFERENCE', message, {
      place: source.place(path),
      ...(known.length === 0 ? {} : { expected: `one of ${known.join(', ')}` }),
      found,
      ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
    }))
  }
  const spec = file.spec
  checkUnique(spec, problem)
  checkReferences(spec, problem)
  checkMesh(spec, source, errors)
  const services = resolveServices(spec.services, spec.regions, (path, name) =>
    problem(path, `\`${name}\` stands twice among the services`, name, []))
  const gateway = gatewayOf(spec.gateway, services, source.file, problem)
  if (errors.length > 0) throw new CodedErrors(errors)

  const edges = spec.edges.map((edge): Edge => ({ ...edge, home: edge.home ?? nearest(spec.regions, edge.coordinates).name }))
  return {
    name: file.metadata.name,
    description: spec.description,
    regions: spec.regions,
    edges,
    clients: spec.clients.map((group): ClientGroup => ({ ...group, entry: entryOf(group, spec) })),
    services,
    links: linksOf(spec),
    gateway,
    mesh: spec.mesh,
    failoverOwner: spec.failoverOwner,
    ...(spec.meshSettings === undefined ? {} : { meshSettings: spec.meshSettings }),
    clusters: spec.clusters,
  }
}

function entryOf(group: Spec['clients'][number], spec: Spec): Entry {
  const entry = group.entry
  if (entry === undefined) {
    return spec.edges.length > 0
      ? { kind: 'edge', edge: nearest(spec.edges, group.coordinates).name }
      : { kind: 'direct', region: nearest(spec.regions, group.coordinates).name }
  }
  return entry.kind === 'list' ? { kind: 'list', regions: entry.regions, timeoutMs: entry.timeout / 1000 } : entry
}

function gatewayOf({ kind, config, templates }: Spec['gateway'], services: readonly Service[], file: string, problem: Problem): Topology['gateway'] {
  const files = (paths: readonly string[], at: DocumentPath): string[] => paths.map((path, index) => {
    const absolute = resolve(dirname(file), path)
    if (!existsSync(absolute)) problem([...at, index], 'the gateway configuration file does not exist', absolute, [])
    return absolute
  })
  const path: DocumentPath = ['spec', 'gateway']
  const resolved = { kind, config: files(config, [...path, 'config']) }
  if (templates.length === 0) return resolved
  return {
    ...resolved,
    templates: templates.map((template, index) => {
      for (const pattern of template.services) {
        if (matchingServices(services, [pattern]).length === 0) {
          problem([...path, 'templates', index, 'services'], `no service is called as \`${pattern}\` says`, pattern, [])
        }
      }
      return { services: template.services, config: files(template.config, [...path, 'templates', index, 'config']) }
    }),
  }
}

/** Both directions of clients↔edges, clients↔regions, edges↔regions and regions↔regions. */
function linksOf(spec: Spec): Link[] {
  const regions = placesOf('region', spec.regions)
  const edges = placesOf('edge', spec.edges)
  const clients = placesOf('clients', spec.clients)
  const stated = new Map(spec.links.flatMap(({ between: [from, to], rtt }): [string, number][] => {
    const rttMs = Math.max(minimumRttMs, rtt / 1000)
    return [[`${from} ${to}`, rttMs], [`${to} ${from}`, rttMs]]
  }))
  const pairs = [
    ...clients.flatMap((from) => [...edges, ...regions].map((to) => [from, to])),
    ...edges.flatMap((from) => regions.map((to) => [from, to])),
    ...regions.flatMap((from, index) => regions.slice(index + 1).map((to) => [from, to])),
  ]
  return pairs.flatMap(([from, to]): Link[] => {
    const known = stated.get(`${from.ref} ${to.ref}`)
    const rttMs = known ?? greatCircleRttMs(from.coordinates, to.coordinates, spec.pathFactor)
    const source = known === undefined ? 'great-circle' : 'stated'
    return [{ from: from.ref, to: to.ref, rttMs, source }, { from: to.ref, to: from.ref, rttMs, source }]
  })
}

interface Place { ref: PlaceRef; coordinates: Coordinates }

function placesOf(kind: 'region' | 'edge' | 'clients', named: readonly { name: string; coordinates: Coordinates }[]): Place[] {
  return named.map(({ name, coordinates }) => ({ ref: `${kind}:${name}`, coordinates }))
}

function checkUnique(spec: Spec, problem: Problem): void {
  for (const part of ['regions', 'edges', 'clients'] as const) {
    const seen = new Set<string>()
    spec[part].forEach(({ name }, index) => {
      if (seen.has(name)) problem(['spec', part, index, 'name'], `\`${name}\` stands twice among the ${part}`, name, [])
      seen.add(name)
    })
  }
  const pairs = new Set<string>()
  spec.links.forEach(({ between }, index) => {
    const pair = [...between].sort().join(' ')
    if (pairs.has(pair)) problem(['spec', 'links', index, 'between'], 'this pair is stated twice', between.join(', '), [])
    pairs.add(pair)
  })
}

function checkReferences(spec: Spec, problem: Problem): void {
  const regions = spec.regions.map(({ name }) => name)
  const edges = spec.edges.map(({ name }) => name)
  const region = (name: string, path: DocumentPath): void => {
    if (!regions.includes(name)) problem(path, `there is no region \`${name}\``, name, regions)
  }
  spec.edges.forEach((edge, index) => {
    if (edge.home !== undefined) region(edge.home, ['spec', 'edges', index, 'home'])
  })
  spec.clients.forEach(({ entry }, index) => {
    const path = ['spec', 'clients', index, 'entry']
    if (entry?.kind === 'direct') region(entry.region, [...path, 'region'])
    if (entry?.kind === 'list') entry.regions.forEach((name, at) => region(name, [...path, 'regions', at]))
    if (entry?.kind === 'edge' && !edges.includes(entry.edge)) {
      problem([...path, 'edge'], `there is no edge \`${entry.edge}\``, entry.edge, edges)
    }
  })
  spec.services.forEach((service, index) => {
    service.regions?.forEach((name, at) => region(name, ['spec', 'services', index, 'regions', at]))
  })
  checkLinks(spec, problem)
}

function checkMesh({ mesh, failoverOwner, meshSettings }: Spec, source: SourceDocument, errors: CodedError[]): void {
  const at = (run: () => void, field: string): boolean => {
    try {
      run()
      return true
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      errors.push(topologyError('RGT_TOPOLOGY_REFERENCE', error.message, { ...error.details, place: source.place(['spec', field]) }))
      return false
    }
  }
  if (at(() => void findMesh(mesh), 'mesh')) at(() => void checkUse({ mesh, failoverOwner, ...(meshSettings === undefined ? {} : { meshSettings }) }), meshSettings === undefined ? 'failoverOwner' : 'meshSettings')
}

function checkLinks(spec: Spec, problem: Problem): void {
  const places = [
    ...placesOf('region', spec.regions), ...placesOf('edge', spec.edges), ...placesOf('clients', spec.clients),
  ].map((place): string => place.ref)
  spec.links.forEach(({ between }, index) => {
    const path = ['spec', 'links', index, 'between']
    between.forEach((place, at) => {
      if (!places.includes(place)) problem([...path, at], `there is no place \`${place}\``, place, places)
    })
    const [from, to] = between.map((place) => place.slice(0, place.indexOf(':')))
    const talks = between[0] !== between[1] && (from === 'region' || to === 'region' || from !== to)
    if (!talks) problem(path, 'these two places do not talk to each other', between.join(', '), [])
  })
}
