// docs/substrates.md: what each substrate can do and measure, made from their own tables.

import { primitiveKinds } from '../topologies/primitives.ts'
import { clusterParts } from '../topologies/topology.ts'
import { meshes } from '../topologies/meshes/index.ts'
import { substrates } from '../topologies/substrates/index.ts'
import { invariantMeanings, invariantNames, unwatched } from '../topologies/substrates/simulated/invariants.ts'

export function substrateReference(): string {
  const all = Object.values(substrates)
  const faults = primitiveKinds.flatMap((kind) => all.map((substrate) => {
    const { supported, how, symptom, parts } = substrate.capabilities()[kind]
    const beyond = clusterParts.filter((part) => parts?.includes(part)).map((part) => `\`${part}\``)
    const also = beyond.length === 0 ? '' : ` (${beyond.join(' and ')} as well)`
    return `| \`${kind}\` | ${substrate.kind} | ${supported ? how + also : `**unsupported**: ${how}`} | ${symptom} |`
  }))
  const beside = Object.values(meshes).filter(({ name }) => name !== 'none').flatMap(({ name, on }) => all.map(({ kind }) => {
    const support = on[kind]
    return `| \`${name}\` | ${kind} | ${support.supported ? support.how : `**unsupported**: ${support.why}`} | ${support.supported ? support.ran : ''} |`
  }))
  const settings = Object.values(meshes).flatMap(({ name, settings: sets }) => Object.entries(sets).map(([set, meaning]) => `| \`${name}:${set}\` | ${meaning} |`))
  const unmeasured = all.flatMap(({ kind, unmeasured: metrics }) => Object.entries(metrics).map(([metric, why]) => `| \`${metric}\` | ${kind} | ${why} |`))
  return `# Substrates

Made by \`npm run generate\` from the substrates' own tables; do not edit by hand.

${all.map(({ kind, description, time }) => `- **\`${kind}\`** (${time} time): ${description}`).join('\n')}

All pass one contract suite (\`topologies/substrate.case.ts\`). \`regatta parity\` measures how far they agree
([parity.md](parity.md)).

## Fault primitives

| primitive | substrate | how | what somebody on the path sees |
|---|---|---|---|
${faults.join('\n')}

A scenario that asks for what a substrate cannot do gets \`unsupported\` in its verdict.

## Meshes

| mesh | substrate | how | what was played there |
|---|---|---|---|
${beside.join('\n')}

A mesh that owns failover has one of its sets of settings; the first of a mesh is taken where none is named ([mesh.md](mesh.md)).

| use | settings |
|---|---|
${settings.join('\n')}

## What cannot be measured

| metric | substrate | why |
|---|---|---|
${unmeasured.join('\n')}

An objective about such a metric is told as \`unsupported\` and decides nothing; when nothing else was asked, the verdict is
inconclusive.

## Invariants

Watched in every simulated run, from outside the gateways' code.

| invariant | what holds, whatever breaks |
|---|---|
${invariantNames.map((name) => `| \`${name}\` | ${invariantMeanings[name]} |`).join('\n')}

${Object.entries(unwatched).map(([name, why]) => `Not watched: \`${name}\`, ${why}.`).join('\n')}
`
}
