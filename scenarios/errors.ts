// Coded errors of the scenarios room, in the form of the gateway's: a code never changes its meaning, and
// whoever adds a fault, a load or a check adds its codes here.

import { CodedError, type ErrorDetails } from '../gateway/errors.ts'

/** Codes of this room; the text is the one-line summary that documentation and `--help` show. */
export const scenarioErrors = {
  RGT_SCENARIO_UNKNOWN: 'no scenario of that name is in the catalogue, and no such file exists',
  RGT_SCENARIO_SYNTAX: 'a scenario file is not valid YAML or JSON',
  RGT_SCENARIO_SCHEMA: 'a field of a scenario is missing, unknown, or of the wrong type',
  RGT_SCENARIO_REFERENCE: 'a scenario names a region, group, link, template or file that does not exist',
  RGT_SCENARIO_TIMELINE: 'the times of a scenario contradict each other',
  RGT_THRESHOLD_SYNTAX: 'a metric expression or a condition does not follow the grammar of thresholds',
  RGT_THRESHOLD_METRIC: 'a threshold names a metric, tag, tag value or aggregate that does not exist',
  RGT_LOAD_KIND: 'a load asks for something that its kind cannot play',
  RGT_RUN_FOLDER: 'a folder is not the folder of a run, or its run.json cannot be read',
  RGT_RUN_STEP: 'a step of the plan could not be played',
  RGT_RUN_HEAL: 'a fault could not be healed after the run',
  RGT_SWEEP_UNKNOWN: 'no sweep of that name is in the catalogue, and no such file exists',
  RGT_SWEEP_SYNTAX: 'a sweep file is not valid YAML or JSON',
  RGT_SWEEP_SCHEMA: 'a field of a sweep is missing, unknown, or of the wrong type',
  RGT_SWEEP_AXIS: 'an axis of a sweep does not exist, or cannot take a value',
  RGT_SWEEP_GRID: 'the grid of a sweep is too large',
  RGT_SWEEP_FOLDER: 'a folder is not the folder of a sweep, or its sweep.json cannot be read',
  RGT_MODEL_FILE: 'a file of constants for simulation cannot be read, or holds other than one document',
  RGT_MODEL_SYNTAX: 'a file of constants for simulation is not valid YAML or JSON',
  RGT_MODEL_SCHEMA: 'a field of the constants for simulation is missing, unknown, or of the wrong type',
  RGT_CALIBRATION_RUN: 'a run is not of the kind that constants can be taken from',
  RGT_CALIBRATION_SAMPLES: 'a run has too few requests to take constants from',
  RGT_SEARCH_SUBSTRATE: 'a search was asked for where runs leave no trace, or on a gateway that is not simulated',
  RGT_SEARCH_RESULT: 'a file or folder holds no result of a search',
  RGT_SEARCH_MANIFEST: 'a search cannot be written as a Kubernetes Job as it was asked for',
  RGT_SEARCH_MERGE: 'results of searches cannot be put together: they are of different ones, or parts of them overlap',
  RGT_COMPARE_RUNS: 'runs of different machines, substrates or drills were to be compared',
  RGT_WORKER_JOB: 'a job failed in its worker thread',
  RGT_WORKER_DIED: 'a worker thread ended before its job was done',
} as const

export type ScenarioErrorCode = keyof typeof scenarioErrors

export function scenarioError(code: ScenarioErrorCode, message: string, details?: ErrorDetails): CodedError<ScenarioErrorCode> {
  return new CodedError(code, message, details)
}
