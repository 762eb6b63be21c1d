// The constants of simulation as a command takes them: `--model FILE`, written by `regatta calibrate`.

import { resolve } from 'node:path'
import { readModelFile, type ModelFile } from '../scenarios/calibration/model-file.ts'
import type { SimulationOptions } from '../topologies/substrate.ts'

export const modelOption = ['--model <file>', 'constants of the simulated world, from `regatta calibrate`'] as const

/** Null without a file. Throws RGT_MODEL_FILE, RGT_MODEL_SYNTAX, RGT_MODEL_SCHEMA. */
export async function modelFrom(path: string | undefined): Promise<ModelFile | null> {
  return path === undefined ? null : readModelFile(resolve(path))
}

export function simulationWith(model: ModelFile | null): SimulationOptions | undefined {
  return model === null ? undefined : { model: model.spec }
}
