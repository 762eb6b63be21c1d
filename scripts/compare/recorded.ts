// The runs of an earlier comparison, read back from its folder. Names of folders and records hold all that is needed; the
// earlier document, where there is one, says how it was asked for.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { refuseUnlike, type VariantRuns } from '../../scenarios/compare/compare.ts'
import { comparisonSchema } from '../../scenarios/compare/document.ts'
import { variantRun } from '../../scenarios/compare/variant-run.ts'
import type { RunRecord } from '../../scenarios/run-record.ts'
import { comparisonFile } from '../../reports/compare/index.ts'
import { nothingRecorded, recordedRuns } from '../played.ts'
import { placeFrom } from './place.ts'
import type { PlayedVariants } from './play.ts'

/** First, control, the others as they were first played. Throws RGT_COMMAND_FILE for a folder without a comparison, RGT_COMPARE_RUNS. */
export async function recordedVariants(folder: string): Promise<PlayedVariants> {
  const variants = new Map<string, VariantRuns & { since: string }>()
  const records: RunRecord[] = []
  for await (const { name, record, history, verdict } of recordedRuns(folder)) {
    const place = placeFrom(name)
    if (place === null) continue
    const { gateway, mesh } = record
    const key = [gateway, mesh, place.again].join(' ')
    const variant = variants.get(key) ?? { gateway, mesh, again: place.again, runs: [], since: record.startedAt }
    variant.runs.push(variantRun(record, history, verdict, place))
    if (record.startedAt < variant.since) variant.since = record.startedAt
    variants.set(key, variant)
    records.push(record)
  }
  const all = [...variants.values()].toSorted((a, b) => (a.since < b.since ? -1 : 1)).map(({ since: _since, ...variant }) => variant)
  const first = firstOf(all)
  if (first === undefined) throw nothingRecorded(folder, 'a folder that `regatta compare` left, with runs in `runs/`', `${records.length} runs`)
  refuseUnlike(records)
  const control = all.find(({ again }) => again) ?? { gateway: first.gateway, mesh: first.mesh, again: true, runs: [] }
  return { variants: [first, control, ...all.filter((variant) => !variant.again && variant !== first)], records }
}

/** The one with a control; in a comparison that was broken off before it, the one that was played first. */
function firstOf(all: readonly VariantRuns[]): VariantRuns | undefined {
  const control = all.find(({ again }) => again)
  if (control === undefined) return all[0]
  const { gateway, mesh } = control
  return all.find((variant) => !variant.again && variant.gateway === gateway && variant.mesh === mesh) ?? { gateway, mesh, again: false, runs: [] }
}

/** The command that made the comparison, when its document is there and can be read. */
export function recordedCommand(folder: string): string | null {
  const file = join(folder, comparisonFile)
  if (!existsSync(file)) return null
  try {
    return comparisonSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).command
  } catch {
    return null
  }
}
