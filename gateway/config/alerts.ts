// AlertPolicies as rules for the alert core: which requests each looks at, its parameters with their defaults, and whom to tell.

import type { CodedError } from '../errors.ts'
import type { AlertDelivery, AlertRule, AlertRules } from '../telemetry/alerts/alert.ts'
import type { SourceDocument } from './document.ts'
import { deepFreeze } from './freeze.ts'
import type { AlertPolicy } from './kinds/index.ts'
import { compareText, foreignNamespace, missing, parseDocuments, type Parsed, type ParsedByKind } from './parse.ts'

/** Adds RGT_CONFIG_REFERENCE to `errors` for each target that is not there. Sorted by policy. */
export function indexAlerts(parsed: ParsedByKind, errors: CodedError[]): readonly AlertRules[] {
  const policies = [...parsed.AlertPolicy.values()].sort((a, b) => compareText(a.key, b.key))
  return policies.map((policy) => ({ policy: policy.key, routes: routesOf(policy, parsed, errors), ...saidBy(policy.document) }))
}

/** Of documents that hold together: what `federate` says of them, without the rest. */
export function alertRules(documents: readonly SourceDocument[]): readonly AlertRules[] {
  return indexAlerts(parseDocuments(documents), [])
}

/** `namespace/` or `namespace/route/`; null: attached to every Gateway that there is, so to every request. */
function routesOf(policy: Parsed<AlertPolicy>, parsed: ParsedByKind, errors: CodedError[]): string[] | null {
  const { namespace } = policy.document.metadata
  const gateways = new Set<string>()
  const prefixes = new Set<string>()
  policy.document.spec.targetRefs.forEach(({ kind, name }, index) => {
    const key = `${namespace}/${name}`
    if (kind === 'Namespace') {
      if (name === namespace) prefixes.add(`${namespace}/`)
      else errors.push(foreignNamespace(policy, index, name))
    } else if (!parsed[kind].has(key)) errors.push(missing(policy, ['spec', 'targetRefs', index, 'name'], kind, key, parsed[kind].keys()))
    else if (kind === 'HTTPRoute') prefixes.add(`${key}/`)
    else gateways.add(key)
  })
  if (gateways.size > 0 && gateways.size === parsed.Gateway.size) return null
  if (gateways.size > 0) for (const prefix of attachedTo(gateways, parsed)) prefixes.add(prefix)
  return [...prefixes].sort(compareText)
}

function attachedTo(gateways: ReadonlySet<string>, parsed: ParsedByKind): string[] {
  return [...parsed.HTTPRoute.values()].filter(({ document: { metadata, spec } }) =>
    (spec.parentRefs ?? []).some(({ namespace = metadata.namespace, name }) => gateways.has(`${namespace}/${name}`))).map(({ key }) => `${key}/`)
}

const said = new WeakMap<AlertPolicy, Pick<AlertRules, 'rules' | 'deliver'>>()

function saidBy(policy: AlertPolicy): Pick<AlertRules, 'rules' | 'deliver'> {
  let made = said.get(policy)
  if (made === undefined) said.set(policy, (made = deepFreeze({ rules: policy.spec.rules.map(ruleOf), deliver: policy.spec.deliver.map(deliveryOf) })))
  return made
}

function ruleOf(rule: AlertPolicy['spec']['rules'][number]): AlertRule {
  const { name, kind, severity, for: forUs, keepFiringFor: keepFiringForUs, ...parameters } = rule as Record<string, never> & { parameters: never }
  return { name, kind, severity, forUs, keepFiringForUs, parameters }
}

function deliveryOf(to: AlertPolicy['spec']['deliver'][number]): AlertDelivery {
  const only = to.severity === undefined ? {} : { severity: to.severity }
  return 'webhook' in to ? { kind: 'webhook', url: to.webhook, ...only } : { kind: 'file', path: to.file, ...only }
}
