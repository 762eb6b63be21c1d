// What the manifests promise, whatever the plan: pods that the strictest standard lets pass, and objects that fit together.

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { V1Deployment, V1NetworkPolicy, V1PodDisruptionBudget, V1PodSpec, V1PodTemplateSpec, V1Role, V1RoleBinding, V1Secret, V1Service, V1ServiceAccount } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { rankOf } from '../api/apply.ts'
import { regionManifests } from './index.ts'
import { namespaceNames } from './namespaces.ts'
import { bootstrapFolder, inServiceLabel, partLabel, podPorts, runLabel } from './region.ts'
import { regionPlan } from './region.case.ts'
import { restrictedBreaches } from './restricted.case.ts'
import { portName } from './services.ts'
import { writeManifests } from './write.ts'

type Labels = Record<string, string>
const ofKind = <T>(objects: ReturnType<typeof regionManifests>, kind: string): (T & { metadata: { name: string; namespace: string; labels: Labels } })[] =>
  objects.filter((object) => object.kind === kind) as never
const covers = (selector: Labels, labels: Labels): boolean => Object.entries(selector).every(([name, value]) => labels[name] === value)

describe.each([['a cluster of our own', regionPlan()], ['a cluster that was there', regionPlan({ prefix: 'regatta-run-1' })]])('in %s', (_, plan) => {
  const objects = regionManifests(plan)
  const deployments = ofKind<V1Deployment>(objects, 'Deployment')
  const templates = deployments.map(({ metadata, spec }) => ({ namespace: metadata.namespace, name: metadata.name, template: spec!.template as V1PodTemplateSpec & { metadata: { labels: Labels }; spec: V1PodSpec } }))

  it('there are a gateway, a control plane and every pod of services', () => {
    expect(templates.map(({ namespace, name }) => `${namespace}/${name}`).sort()).toEqual([
      `${plan.namespaces.system}/control-plane`, `${plan.namespaces.system}/gateway`,
      `${plan.namespaces.ofConfig.shop}/services-shop-0`, `${plan.namespaces.ofConfig.shop}/services-shop-1`,
    ].sort())
  })

  it('every pod keeps to the restricted standard, and its root is read-only', () => {
    for (const { template } of templates) {
      expect(restrictedBreaches(template.spec)).toEqual([])
      expect(template.spec.containers.map(({ securityContext }) => securityContext?.readOnlyRootFilesystem)).toEqual([true])
    }
  })

  it('every namespace is of the plan, made here, and enforces the standard', () => {
    const made = ofKind<{ metadata: { labels: Labels } }>(objects, 'Namespace')
    expect(made.map(({ metadata }) => metadata.name).sort()).toEqual([...namespaceNames(plan)].sort())
    for (const { metadata } of made) expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted')
    for (const object of objects) if (object.kind !== 'Namespace') expect(namespaceNames(plan)).toContain(object.metadata.namespace)
  })

  it('every object bears the run, so that a removal takes exactly it, and none is there twice', () => {
    for (const { kind, metadata } of objects) {
      expect(metadata.labels, `${kind} ${metadata.name}`).toMatchObject({ 'app.kubernetes.io/managed-by': 'regatta', 'app.kubernetes.io/part-of': 'regatta', [runLabel]: 'run-1' })
    }
    expect(new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).size).toBe(objects.length)
  })

  it('every selector matches a pod of its namespace', () => {
    const matching = (namespace: string, selector: Labels): string[] =>
      templates.filter((one) => one.namespace === namespace && covers(selector, one.template.metadata.labels)).map(({ name }) => name)
    for (const { metadata, spec } of deployments) expect(matching(metadata.namespace, spec!.selector.matchLabels!)).toEqual([metadata.name])
    for (const { metadata, spec } of ofKind<V1PodDisruptionBudget>(objects, 'PodDisruptionBudget')) expect(matching(metadata.namespace, spec!.selector!.matchLabels!)).toEqual([metadata.name])
    for (const { metadata, spec } of ofKind<V1Service>(objects, 'Service')) expect(matching(metadata.namespace, spec!.selector!), metadata.name).not.toEqual([])
    for (const { metadata, spec } of ofKind<V1NetworkPolicy>(objects, 'NetworkPolicy')) {
      const { matchLabels } = spec!.podSelector!
      if (matchLabels !== undefined) expect(matching(metadata.namespace, matchLabels), metadata.name).not.toEqual([])
    }
  })

  it('a pod that is taken out of service stays its Deployment\'s, and leaves every Service', () => {
    for (const { spec } of deployments) expect(Object.keys(spec!.selector.matchLabels!)).not.toContain(inServiceLabel)
    for (const { spec } of ofKind<V1Service>(objects, 'Service')) expect(spec!.selector).toMatchObject({ [inServiceLabel]: 'true' })
  })

  it('every Service sends to ports that its pods name, each by a name that is allowed', () => {
    for (const { metadata, spec } of ofKind<V1Service>(objects, 'Service')) {
      const pods = templates.filter((one) => one.namespace === metadata.namespace && covers(spec!.selector!, one.template.metadata.labels))
      for (const { name, targetPort } of spec!.ports!) {
        expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/)
        expect(pods.some(({ template }) => template.spec.containers[0].ports!.some((port) => port.name === targetPort)), `${metadata.name} ${targetPort}`).toBe(true)
      }
    }
    for (const { template } of templates) {
      const names = template.spec.containers[0].ports!.map(({ name }) => name!)
      for (const name of names) expect(name).toMatch(/^(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/)
      expect(new Set(names).size).toBe(names.length)
      for (const { containers: [{ startupProbe, readinessProbe, livenessProbe }] } of [template.spec]) {
        for (const probe of [startupProbe, readinessProbe, livenessProbe]) expect(names).toContain(probe!.httpGet!.port)
      }
    }
  })

  it('a service of several ports is one Service, and reaches the pods that have each', () => {
    const [catalog] = ofKind<V1Service>(objects, 'Service').filter(({ metadata }) => metadata.name === 'catalog')
    expect(catalog.spec!.ports!.map(({ port, targetPort }) => [port, targetPort])).toEqual([[8080, portName('shop/catalog:8080')], [9090, portName('shop/catalog:9090')]])
    const ports = templates.filter(({ template }) => covers(catalog.spec!.selector!, template.metadata.labels)).map(({ name, template }) =>
      [name, template.spec.containers[0].ports!.filter((port) => port.name !== 'control').map(({ containerPort }) => containerPort)])
    expect(ports).toEqual([['services-shop-0', [10_000, 10_001, 10_002]], ['services-shop-1', [10_000]]])
  })

  it('every Secret that is mounted is there, is read-only, and holds the bootstrap that its process is told to read', () => {
    const secrets = new Map(ofKind<V1Secret>(objects, 'Secret').map(({ metadata, data }) => [`${metadata.namespace}/${metadata.name}`, data!]))
    const bootstraps: Record<string, object> = {
      gateway: plan.gateway, 'control-plane': plan.controlPlane, ...Object.fromEntries(plan.services.map(({ name, bootstrap }) => [name, bootstrap])),
    }
    for (const { namespace, name, template } of templates) {
      const { containers: [{ volumeMounts, command }], volumes } = template.spec
      expect(command!.at(-1)).toBe(`${bootstrapFolder}/bootstrap.json`)
      const mount = volumeMounts!.find(({ mountPath }) => mountPath === bootstrapFolder)!
      expect(mount.readOnly).toBe(true)
      const { secret } = volumes!.find((volume) => volume.name === mount.name)!
      expect(secret!.defaultMode).toBe(0o440)
      expect(JSON.parse(Buffer.from(secrets.get(`${namespace}/${secret!.secretName}`)!['bootstrap.json'], 'base64').toString())).toEqual(bootstraps[name])
    }
    expect(secrets.size).toBe(templates.length)
  })

  it('what a process writes to is a volume of its own', () => {
    const mounts = (name: string): string[] => templates.find((one) => one.name === name)!.template.spec.containers[0].volumeMounts!.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath)
    expect(mounts('gateway')).toEqual([plan.gateway.stateDir])
    expect(mounts('control-plane')).toEqual([plan.controlPlane.stateDir])
    expect(mounts('services-shop-0')).toEqual([])
  })

  it('only the control plane has a token, and only rights in namespaces of the plan', () => {
    expect(templates.filter(({ template }) => template.spec.automountServiceAccountToken !== false).map(({ name }) => name)).toEqual(['control-plane'])
    const accounts = ofKind<V1ServiceAccount>(objects, 'ServiceAccount')
    for (const { automountServiceAccountToken } of accounts) expect(automountServiceAccountToken).toBe(false)
    for (const { namespace, template } of templates) expect(accounts.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toContain(`${namespace}/${template.spec.serviceAccountName}`)
    const roles = ofKind<V1Role>(objects, 'Role')
    expect(roles.map(({ metadata }) => metadata.namespace).sort()).toEqual([...namespaceNames(plan)].sort())
    for (const { subjects, roleRef, metadata } of ofKind<V1RoleBinding>(objects, 'RoleBinding')) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'control-plane', namespace: plan.namespaces.system }])
      expect(roles.some((role) => role.metadata.namespace === metadata.namespace && role.metadata.name === roleRef.name)).toBe(true)
    }
    for (const { rules } of roles) for (const { verbs, resources, apiGroups } of rules!) expect([...verbs, ...resources!, ...apiGroups!]).not.toContain('*')
  })

  it('every namespace denies what nobody lets in, and services answer gateways only', () => {
    const policies = ofKind<{ spec: { ingress: { from?: object[]; ports: { port: number }[] }[] } }>(objects, 'NetworkPolicy')
    for (const namespace of namespaceNames(plan)) {
      expect(policies.find(({ metadata }) => metadata.namespace === namespace && metadata.name === 'deny-ingress')!.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress'], ingress: [] })
    }
    const { ingress } = policies.find(({ metadata }) => metadata.name === 'services')!.spec
    const open = ingress.filter(({ from }) => from === undefined).flatMap(({ ports }) => ports.map(({ port }) => port))
    expect(open).toEqual([podPorts.servicesControl])
    expect(ingress.filter(({ from }) => from !== undefined)).toEqual([{
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': plan.namespaces.system } }, podSelector: { matchLabels: { [partLabel]: 'gateway' } } }],
      ports: [{ protocol: 'TCP', port: 10_000, endPort: 10_002 }],
    }])
  })

  it('node ports are those of the plan, each once, or left to the API server', () => {
    const given = ofKind<V1Service>(objects, 'Service').flatMap(({ spec }) => spec!.ports!.flatMap(({ nodePort }) => (nodePort === undefined ? [] : [nodePort])))
    expect(given.sort()).toEqual(plan.nodePorts === null ? [] : Object.values(plan.nodePorts).sort())
    expect(new Set(given).size).toBe(given.length)
  })
})

describe('beside a mesh', () => {
  const sidecars = { labels: { 'mesh/inject': 'true' }, annotations: { gateway: { 'mesh/ports': '1' }, services: { 'mesh/ports': '2' } } }
  const objects = regionManifests({ ...regionPlan(), sidecars })
  it('gateway and services ask for its proxy, and the control plane does not', () => {
    const asked = ofKind<V1Deployment>(objects, 'Deployment').map(({ metadata, spec }) => {
      const { labels, annotations } = spec!.template.metadata!
      return [metadata.labels[partLabel], labels!['mesh/inject'], annotations!['mesh/ports']]
    })
    expect(new Set(asked.map((one) => one.join()))).toEqual(new Set(['gateway,true,1', 'services,true,2', 'control-plane,,']))
  })
  it('namespaces let the container in that turns traffic to it', () => {
    for (const { metadata } of ofKind<{ metadata: { labels: Labels } }>(objects, 'Namespace')) expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged')
  })
})

describe('another bootstrap', () => {
  it('is another pod', () => {
    const templateOf = (token: string): object => {
      const plan = regionPlan()
      return ofKind<V1Deployment>(regionManifests({ ...plan, gateway: { ...plan.gateway, token } }), 'Deployment').find(({ metadata }) => metadata.name === 'gateway')!.spec!.template
    }
    expect(templateOf('a')).toEqual(templateOf('a'))
    expect(templateOf('a')).not.toEqual(templateOf('b'))
  })
})

describe('the rules of the standard', () => {
  const good = { name: 'a', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } }
  it.each([
    ['host network', { hostNetwork: true, containers: [good] }],
    ['a folder of the host', { containers: [good], volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
    ['privileged', { containers: [{ ...good, securityContext: { ...good.securityContext, privileged: true } }] }],
    ['escalation', { containers: [{ ...good, securityContext: { ...good.securityContext, allowPrivilegeEscalation: undefined } }] }],
    ['capabilities', { containers: [{ ...good, securityContext: { ...good.securityContext, capabilities: { drop: ['NET_RAW'] } } }] }],
    ['an added capability', { containers: [{ ...good, securityContext: { ...good.securityContext, capabilities: { drop: ['ALL'], add: ['SYS_TIME'] } } }] }],
    ['root', { containers: [{ ...good, securityContext: { ...good.securityContext, runAsNonRoot: undefined } }] }],
    ['no seccomp profile', { containers: [{ ...good, securityContext: { ...good.securityContext, seccompProfile: { type: 'Unconfined' } } }] }],
    ['a port of the host', { containers: [{ ...good, ports: [{ containerPort: 80, hostPort: 80 }] }] }],
  ] as [string, V1PodSpec][])('find %s', (_, spec) => expect(restrictedBreaches(spec)).toHaveLength(1))
  it('let the good pass', () => expect(restrictedBreaches({ containers: [good] })).toEqual([]))
})

describe('written to files', () => {
  it('they are whole, in the order of applying, and readable by their owner only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'regatta-manifests-'))
    try {
      const objects = regionManifests(regionPlan())
      writeManifests(folder, 'eu-west', objects)
      const files = readdirSync(join(folder, 'eu-west')).sort()
      const read = files.map((file) => parse(readFileSync(join(folder, 'eu-west', file), 'utf8')) as (typeof objects)[number])
      expect(read).toHaveLength(objects.length)
      expect(new Set(read.map((object) => JSON.stringify(object)))).toEqual(new Set(objects.map((object) => JSON.stringify(object))))
      const ranks = read.map(({ kind }) => rankOf(kind))
      expect(ranks).toEqual([...ranks].sort())
      expect(files[0]).toBe('001-namespace-regatta-system.yaml')
      for (const file of ['README.md', ...files.map((name) => `eu-west/${name}`)]) expect(statSync(join(folder, file)).mode & 0o077, file).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
