// From the runs of a comparison to its document: variants in order, the first with its control, every figure against the
// first. Pure: the same runs give the same document.

import { median } from '../parity/bootstrap.ts'
import { scenarioError } from '../errors.ts'
import { detailsOf, type RunRecord } from '../run-record.ts'
import type { VerdictValue } from '../verdict.ts'
import type { Figure, PlayedRun, Variant } from './document.ts'
import { figuresOf } from './figures.ts'
import type { VariantRun } from './variant-run.ts'

export interface VariantKey { gateway: string; mesh: string }

/** `again`: the control's. */
export interface VariantRuns extends VariantKey { again: boolean; runs: VariantRun[] }

/** Shortest names that tell variants apart: the mesh, the gateway, or both. */
export function variantName({ gateway, mesh }: VariantKey, among: readonly VariantKey[]): string {
  const one = (of: (key: VariantKey) => string): boolean => new Set(among.map(of)).size === 1
  if (one((key) => key.gateway)) return mesh
  return one((key) => key.mesh) ? gateway : `${mesh} with ${gateway}`
}

/** First, its control, the others. The first two must be there. */
export function compareVariants(played: readonly VariantRuns[], groups: readonly string[]): Variant[] {
  const [first, control] = [played[0], played[1]]
  const variants = played.map((variant, at): Variant => ({
    name: `${variantName(variant, played)}${variant.again ? ' (again)' : ''}`,
    gateway: variant.gateway, mesh: variant.mesh, failoverOwner: variant.runs.at(0)?.failoverOwner ?? null, control: variant.again,
    ...aboutRuns(variant.runs),
    figures: figuresOf({ subject: counted(variant), first: counted(first), control: counted(control), alone: at === 0 }, groups),
  }))
  // What no variant has (a gateway that tells no decision, a drill without that phase) is left out.
  const seen = (at: number): boolean => variants.some(({ figures }) => figures[at].values.length > 0)
  return variants.map((variant) => ({ ...variant, figures: variant.figures.filter(({ name }, at) => everyDrill.includes(name) || seen(at)) }))
}

/** Reports have a place for these. */
const everyDrill: readonly Figure['name'][] = ['failover_time', 'failed_probes', 'slow_probes', 'eligible_failed']

function counted({ runs }: VariantRuns): VariantRun[] {
  return runs.filter(isCounted).sort((a, b) => a.round - b.round)
}

function isCounted({ doubts, error }: VariantRun): boolean {
  return doubts.length === 0 && error === null
}

/** Repeats replace what they repeat. */
export function lastOfRounds(runs: readonly VariantRun[]): VariantRun[] {
  return [...new Map(runs.toSorted((a, b) => a.round - b.round || a.repeat - b.repeat).map((run) => [run.round, run])).values()]
}

function aboutRuns(runs: readonly VariantRun[]): Pick<Variant, 'runs' | 'counts' | 'verdicts' | 'upMs' | 'meshMs' | 'tools'> {
  const last = lastOfRounds(runs)
  const verdicts = (value: VerdictValue): number => last.filter(({ verdict, error }) => verdict === value && error === null).length
  const left = runs.filter((run) => !isCounted(run))
  const failed = left.filter(({ error }) => error !== null)
  const crowded = left.filter(({ crowded: was }) => was)
  return {
    runs: runs.map(playedRun),
    counts: { counted: runs.length - left.length, crowded: crowded.length, doubted: left.length - failed.length - crowded.length, failed: failed.length },
    verdicts: { pass: verdicts('pass'), fail: verdicts('fail'), inconclusive: verdicts('inconclusive') },
    upMs: medianOf(runs, ({ upMs }) => upMs), meshMs: medianOf(runs, ({ meshMs }) => meshMs), tools: versions(runs),
  }
}

function playedRun(run: VariantRun): PlayedRun {
  const { folder, round, seed, repeat, verdict, exitCode, missed, doubts, error, failover, upMs, meshMs } = run
  const told = error === null ? null : { code: error.code, message: error.message, details: detailsOf(error) }
  return { folder, round, seed, repeat, verdict, exitCode, missed, counted: isCounted(run), doubts, error: told, failover, upMs, meshMs }
}

function medianOf(runs: readonly VariantRun[], of: (run: VariantRun) => number | null): number | null {
  const values = runs.map(of).filter((value) => value !== null)
  return values.length === 0 ? null : median(values)
}

function versions(runs: readonly VariantRun[]): Record<string, string> {
  const names = [...new Set(runs.flatMap(({ tools }) => Object.keys(tools)))].sort()
  return Object.fromEntries(names.map((name) => [name, [...new Set(runs.flatMap(({ tools }) => tools[name] ?? []))].join(', ')]))
}

/** One sentence: who met all objectives, and who fails over slower or faster than the first. */
export function summarise(variants: readonly Variant[]): string {
  const own = variants.filter(({ control }) => !control)
  const rounds = ({ verdicts: { pass, fail, inconclusive } }: Variant): number => pass + fail + inconclusive
  const met = own.filter((variant) => rounds(variant) > 0 && variant.verdicts.pass === rounds(variant) && variant.counts.failed === 0)
  const never = own.filter((variant) => variant.runs.length > 0 && rounds(variant) === 0)
  const names = (list: readonly Variant[]): string => list.map(({ name }) => name).join(', ')
  return [
    met.length === own.length ? 'Every variant met every objective in every round' : met.length === 0 ? 'No variant met every objective in every round' : `Met every objective in every round: ${names(met)}`,
    ...(never.length === 0 ? [] : [`never came up: ${names(never)}`]),
    failoverSummary(own),
  ].join('; ').concat('.')
}

function failoverSummary([first, ...others]: readonly Variant[]): string {
  const found = others.flatMap(({ name, figures }) => figures.flatMap((figure) => (figure.name === 'failover_time' && figure.difference !== null ? [{ name, ...figure.difference }] : [])))
  const apart = found.filter(({ told }) => told === 'more' || told === 'less')
  if (apart.length > 0) return `failover against ${first.name}: ${apart.map(({ name, words }) => `${name} ${words}`).join('; ')}`
  return found.every(({ told }) => told === 'not-compared') ? 'no failover time could be compared' : `failover times are not told apart from ${first.name}`
}

type Alike = Pick<RunRecord, 'id' | 'machine' | 'substrate' | 'plan'>

/** Throws RGT_COMPARE_RUNS when runs are of different machines, substrates, drills or topologies: what differs would not be the variant. */
export function refuseUnlike(records: readonly Alike[]): void {
  const sames: [what: string, of: (record: Alike) => string][] = [
    ['machine', ({ machine: { os, arch, cpuModel, cpus } }) => `${cpus} × ${cpuModel}, ${arch}, ${os}`],
    ['substrate', ({ substrate }) => substrate],
    ['scenario', ({ plan }) => plan.scenario.name],
    ['topology', ({ plan }) => plan.topology.name],
  ]
  for (const [what, of] of sames) {
    const other = records.find((record) => of(record) !== of(records[0]))
    if (other === undefined) continue
    throw scenarioError('RGT_COMPARE_RUNS', `runs of different ${what}s are not compared`, {
      expected: `${of(records[0])}, as run ${records[0].id}`, found: `${of(other)} in run ${other.id}`, hint: 'play all variants in one comparison: `regatta compare --help`',
    })
  }
}
